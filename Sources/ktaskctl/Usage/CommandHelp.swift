internal import ArgumentParser
internal import FoundationEssentials

/// What a command takes, as ArgumentParser tells it of the command's declaration.
struct CommandHelp: Decodable {
  struct Argument: Decodable {
    enum Kind: String, Decodable { case positional, option, flag }
    struct Name: Decodable {
      enum Kind: String, Decodable { case long, short, longWithSingleDash }
      var kind: Kind
      var name: String
    }
    var kind: Kind
    var shouldDisplay: Bool
    var sectionTitle: String?
    var isRepeating: Bool
    var names: [Name]?
    var valueName: String?
    var defaultValue: String?
    var abstract: String?
  }
  var commandName: String
  var abstract: String?
  var arguments: [Argument]?

  private struct Dump: Decodable { var command: CommandHelp }

  /// nil where ArgumentParser tells it in another way than it did.
  init?(of command: any ParsableCommand.Type) {
    guard let dump = try? JSONDecoder().decode(Dump.self, from: Data(command._dumpHelp().utf8)) else { return nil }
    self = dump.command
  }

  /// The names of all its options, with their dashes.
  var options: [String] { (arguments ?? []).flatMap(\.dashed) }

  /// The option of that name, by its long one.
  func long(_ option: String) -> String? {
    let argument = (arguments ?? []).first { $0.dashed.contains(option) }
    return argument.flatMap { $0.dashed.first { $0.hasPrefix("--") } }
  }
}

extension CommandHelp.Argument {
  /// Its names as they are written, short ones first.
  var dashed: [String] {
    let names = names ?? []
    return names.filter { $0.kind != .long }.map { "-" + $0.name }
      + names.filter { $0.kind == .long }.map { "--" + $0.name }
  }
}

extension CommandHelp {
  /// ktaskctl's command of that name.
  static func command(_ name: String?) -> (any ParsableCommand.Type)? {
    Ktaskctl.configuration.subcommands.first { $0._commandName == name }
  }

  /// Whether a word that is no option names none.
  static func isUnknown(_ word: String) -> Bool { !word.hasPrefix("-") && word != "help" && command(word) == nil }
}
