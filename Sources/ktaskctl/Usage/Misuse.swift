internal import ArgumentParser
import MemoryWork

/// A command line that was refused: why, and what may have been meant.
struct Misuse {
  let why: String
  let remedy: String

  /// `message`: ArgumentParser's. `command`: as far as the words name one.
  static func of(_ message: String, _ command: String?, words: [String]) -> Misuse {
    let message = ManyWords.shortened(message)
    if command == nil, let word = words.first, word != "help", !word.hasPrefix("-") { return noCommand(word) }
    if let option = unknownOption(message) { return noOption(option, command, words) }
    return Misuse(why: message, remedy: help(command))
  }

  private static func noCommand(_ word: String) -> Misuse {
    let near = NearestWord.to(word, among: Ktaskctl.configuration.subcommands.map { $0._commandName })
    return Misuse(why: "there is no command “\(word)”", remedy: near.map { "ktaskctl \($0)" } ?? help(nil))
  }

  private static func noOption(_ option: String, _ command: String?, _ words: [String]) -> Misuse {
    let others = Ktaskctl.configuration.subcommands.compactMap { CommandHelp(of: $0) }
    let long = others.compactMap { $0.long(option) }.first
    switch (command, long) {
    case (let command?, let long?):
      let own = CommandHelp.command(command) as? any WorkCommand.Type
      let reason = own?.refused[long].map { " \($0): it" } ?? ""
      return Misuse(why: "\(command)\(reason) takes no \(option)", remedy: help(command))
    case (nil, _?):
      let meant = words.first { CommandHelp.command($0) != nil } ?? "COMMAND"
      return Misuse(why: "\(option) stands before the command", remedy: "ktaskctl \(meant) \(option)")
    case (_, nil):
      let known = others.first { $0.commandName == command }?.options ?? ["--help", "--version"]
      return Misuse(why: "unknown option \(option)", remedy: NearestWord.to(option, among: known) ?? help(command))
    }
  }

  private static func help(_ command: String?) -> String {
    (["ktaskctl"] + [command, "--help"].compactMap(\.self)).joined(separator: " ")
  }

  /// The option that ArgumentParser does not know, with its dashes.
  private static func unknownOption(_ message: String) -> String? {
    let start = "Unknown option '"
    guard message.hasPrefix(start) else { return nil }
    return String(message.dropFirst(start.count).prefix { $0 != "'" })
  }
}

extension Failure {
  /// Of a `command` whose words name a file that is not there, or has no size.
  init(_ error: MemoryError, in command: String) {
    self.init(error)
    remedy = Self.sizeMeant(error, command) ?? remedy
  }

  /// A size that stands where a FILE is named is likely to be the size of what the command is to work on.
  private static func sizeMeant(_ error: MemoryError, _ command: String) -> String? {
    guard error.cause == .missing || error.cause == .noSize, let path = error.path else { return nil }
    guard path.last?.isLetter == true, (try? ByteSize.parse(path)) != nil else { return nil }
    return "ktaskctl \(command)\(["clear", "pin"].contains(command) ? "" : " FILE") --size \(path)"
  }
}
