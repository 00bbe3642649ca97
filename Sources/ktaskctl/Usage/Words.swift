/// The command line's words before and after ArgumentParser.
enum Words {
  /// `--size -1` as `--size=-1`: ArgumentParser would take -1 for an option, and the size for missing, where the
  /// user is to read that it is negative. What comes after `--` is somebody else's.
  static func joiningNegatives(_ words: [String]) -> [String] {
    var joined: [String] = []
    let own = words.prefix { $0 != "--" }
    for word in own {
      if isNegativeNumber(word), let last = joined.last, isOption(last) {
        joined[joined.count - 1] = last + "=" + word
      } else {
        joined.append(word)
      }
    }
    return joined + words[own.endIndex...]
  }

  private static func isOption(_ word: String) -> Bool {
    if word.hasPrefix("--") { return word.count > 2 && !word.contains("=") }
    return word.count == 2 && word.first == "-" && word.last?.isLetter == true
  }

  private static func isNegativeNumber(_ word: String) -> Bool {
    word.hasPrefix("-") && word.dropFirst().first?.isNumber == true
  }

  /// The line of ArgumentParser's full message that says where help is; the `command`'s, where that is known.
  static func remedy(_ full: String, _ command: String? = nil) -> String {
    if let command { return "ktaskctl \(command) --help" }
    let lines = full.split(separator: "\n")
    let help = lines.first { $0.contains("--help' for more") }
    guard let help, let start = help.firstIndex(of: "'"), let end = help.lastIndex(of: "'"), start < end else {
      return "ktaskctl --help"
    }
    return String(help[help.index(after: start)..<end])
  }
}
