/// The command line's words as ArgumentParser understands them.
enum Words {
  /// `-V` as `--version`, which is an option of every command, and negative numbers with their options.
  static func understood(_ words: [String]) -> [String] {
    let own = words.prefix { $0 != "--" }
    return joiningNegatives(own.map { $0 == "-V" ? "--version" : $0 } + words[own.endIndex...])
  }

  /// Before they are understood, since what cannot be understood is answered in JSON, too.
  static func askForJSON(_ words: [String]) -> Bool {
    words.prefix { $0 != "--" }.contains { word in
      word == "--json" || (word.first == "-" && word.contains("J") && word.dropFirst().allSatisfy("JVhqv".contains))
    }
  }

  /// `--size -1` as `--size=-1`: ArgumentParser would take -1 for an option, and the size for missing, where the
  /// user is to read that it is negative. What comes after `--` is somebody else's.
  private static func joiningNegatives(_ words: [String]) -> [String] {
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
}
