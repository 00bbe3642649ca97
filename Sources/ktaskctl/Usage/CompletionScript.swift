/// ArgumentParser's completion scripts with what they lack: after `exec … --` and `run … --` the shell completes COMMAND and its words as it
/// does without ktaskctl in front.
enum CompletionScript {
  /// What is no such script stays as it is.
  static func finished(_ script: String) -> String {
    if script.hasPrefix("#!/bin/bash") { return beginning(bash, in: script) }
    if script.hasPrefix("#compdef") { return beginning(zsh, in: script) }
    return script.contains("\ncomplete -c 'ktaskctl' -f\n") ? script + fish : script
  }

  /// The words come first in the function that completes ktaskctl's own.
  private static func beginning(_ words: String, in script: String) -> String {
    let start = "\n_ktaskctl() {\n"
    return script.replacing(start, with: start + words, maxReplacements: 1)
  }

  private static let bash = """
        # after `exec ... --` and `run ... --` it is COMMAND's turn
        local -i terminator
        for ((terminator = 2; terminator < COMP_CWORD; terminator++)); do
            [[ "${COMP_WORDS[1]}" = @(exec|run) && "${COMP_WORDS[terminator]}" = -- ]] || continue
            if declare -F _comp_command_offset >/dev/null; then
                _comp_command_offset $((terminator + 1))
            elif declare -F _command_offset >/dev/null; then
                _command_offset $((terminator + 1))
            elif ((terminator + 1 == COMP_CWORD)); then
                mapfile -t COMPREPLY < <(compgen -c -- "${2}")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "${2}")
            fi
            return
        done


    """

  private static let zsh = """
        # after `exec ... --` and `run ... --` it is COMMAND's turn
        local -i terminator="${words[(ie)--]}"
        if [[ "${words[2]}" = (exec|run) ]] && (( terminator < CURRENT )); then
            shift "${terminator}" words
            (( CURRENT -= terminator ))
            _normal -p ktaskctl
            return
        fi


    """

  private static let fish = """


    # after `exec ... --` and `run ... --` it is COMMAND's turn
    function __ktaskctl_words_of_command
        set -l words (commandline -opc)
        contains -- "$words[2]" exec run; or return 1
        set -l terminator (contains -i -- -- $words); or return 1
        set -e words[1..$terminator]
        test (count $words) -eq 0; or string escape -- $words
        return 0
    end

    function __ktaskctl_complete_command
        set -l token (commandline -ct)
        complete -C (string join ' ' -- (__ktaskctl_words_of_command) "$token")
    end

    complete -c 'ktaskctl' -n '__ktaskctl_words_of_command >/dev/null' -xa '(__ktaskctl_complete_command)'
    """
}
