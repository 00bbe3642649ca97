import Foundation
import Testing

extension ProgramTests {
  /// A shell as its user has it: in a terminal, with the script that `make install` puts in place.
  @Suite("Completions", .enabled(if: Screen.isHere, "\(Screen.needs)"))
  struct CompletionTests {
    let scratch: Scratch
    init() throws {
      scratch = try Scratch()
      try FileManager.default.createDirectory(atPath: scratch.file("bin"), withIntermediateDirectories: false)
      try tool("ln", "-s", BuiltProgram.path, scratch.file("bin/ktaskctl"))
      try tool("ln", "-s", "/bin/true", scratch.file("bin/ktask-only-here"))
      try tool("truncate", "--size", "0", scratch.file("only-one.img"))
    }

    private static let typed = [
      ("pref", "prefault"), ("topol", "topology"), ("clear --even", "clear --even-if-open"),
      ("clear onl", "clear only-one.img"), ("prefault -s 1M onl", "prefault -s 1M only-one.img"),
      ("pin onl", "pin only-one.img"), ("release onl", "release only-one.img"), ("verify onl", "verify only-one.img"),
      ("clear --export-csv onl", "clear --export-csv only-one.img"),
      ("clear --page-size th", "clear --page-size thp"), ("verify --page-size 4", "verify --page-size 4K"),
      ("clear --nodes al", "clear --nodes all"), ("verify --nodes al", "verify --nodes all"),
      ("prefault --method map", "prefault --method map-cold"), ("pin --with ml", "pin --with mlock"),
      ("clear --policy inter", "clear --policy interleave"), ("clear --progress alw", "clear --progress always"),
      ("clear --threads au", "clear --threads auto"),
      ("exec -s 1M -- ktask-onl", "exec -s 1M -- ktask-only-here"),
      ("exec -s 1M -- cat onl", "exec -s 1M -- cat only-one.img"),
    ]

    @Test("in a shell are those of the machine, of files and of programs", arguments: ["bash", "zsh", "fish"])
    func complete(shell: String) throws {
      if !Host.has(shell) { try Test.cancel("\(shell) is missing") }
      let screen = try Screen(columns: 120, "cd \(scratch.path); \(try line(of: shell))")
      _ = try screen.wait("prompt of \(shell)") { $0.last == ">" }
      for (typed, completed) in Self.typed {
        try screen.type("ktaskctl \(typed)")
        _ = try screen.wait("“\(typed)” in \(shell)") { $0.last == "> ktaskctl \(typed)" }
        try screen.type("Tab")
        _ = try screen.wait("“\(completed)” in \(shell)") { $0.last == "> ktaskctl \(completed)" }
        try screen.type("C-u")
        _ = try screen.wait("empty line") { $0.last == ">" }
      }
    }

    /// Begins a shell without anything of its user's.
    private func line(of shell: String) throws -> String {
      let script = try ktaskctl("--generate-completion-script", shell).out
      let settings = "PATH=\(scratch.file("bin")):$PATH\n"
      switch shell {
      case "bash":
        try Data(script.utf8).write(to: URL(filePath: scratch.file("ktaskctl.bash")))
        let file = scratch.file("bashrc")
        try Data("\(settings)PS1='> '\nsource \(scratch.file("ktaskctl.bash"))\n".utf8).write(to: URL(filePath: file))
        return "bash --noprofile --rcfile \(file) -i"
      case "zsh":
        try Data(script.utf8).write(to: URL(filePath: scratch.file("_ktaskctl")))
        let words =
          "\(settings)PS1='> '\nfpath=(\(scratch.path) $fpath)\nautoload -Uz compinit\ncompinit -u -d \(scratch.file("dump"))\n"
        try Data(words.utf8).write(to: URL(filePath: scratch.file(".zshrc")))
        return "ZDOTDIR=\(scratch.path) zsh -o no_global_rcs -i"
      default:
        try Data(script.utf8).write(to: URL(filePath: scratch.file("ktaskctl.fish")))
        let words = [
          "set PATH \(scratch.file("bin")) $PATH", "set fish_greeting", "set -g fish_autosuggestion_enabled 0",
          "function fish_prompt; echo -n \"> \"; end", "source \(scratch.file("ktaskctl.fish"))",
        ]
        return "HOME=\(scratch.path) fish --no-config -C '\(words.joined(separator: "; "))' -i"
      }
    }
  }
}
