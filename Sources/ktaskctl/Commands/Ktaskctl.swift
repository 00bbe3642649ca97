import ArgumentParser

/// The table of contents.
struct Ktaskctl: ParsableCommand {
  static let name = "ktaskctl"
  static let version = "1.0.0"

  /// For the help, the manual and the shells: `Words` makes the long one of it.
  @Flag(name: .customShort("V"), help: "As --version")
  var showsVersion = false

  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Make memory ready with many threads, and prove it.",
    usage: "ktaskctl COMMAND [OPTION ...]",
    discussion: "Manual: ktaskctl(8), and a page for each command, as ktaskctl-clear(8).",
    version: "ktaskctl \(version)",
    subcommands: [
      Clear.self, Prefault.self, Pin.self, Release.self, Verify.self, Exec.self, RunCommand.self, StockCommand.self,
      Compare.self, TopologyCommand.self,
    ])
}

extension Ktaskctl {
  /// What the words ask for; throws what is wrong with them. A command that is named first is parsed without its
  /// siblings, which takes two thirds of the time. What is no command of that kind then (help, wrong words) is parsed
  /// as a whole, so that the answer is the parser's own.
  static func command(_ words: [String]) throws -> any ParsableCommand {
    if let named = CommandHelp.command(words.first), let parsed = try? named.parseAsRoot(Array(words.dropFirst())),
      type(of: parsed) == named
    {
      return parsed
    }
    return try parseAsRoot(words)
  }
}

/// A command that makes memory ready: its words become a plan. As every command it says what it is called in its
/// configuration: made of the type's name the word costs as much time as all the rest of `--version`.
protocol WorkCommand: ParsableCommand {
  static var name: String { get }
  var work: WorkOptions<Self> { get }
  var output: OutputOptions { get }
  /// What all its options say of the work.
  var words: WorkWords { get }
  /// What is used where the options say nothing; of the size and the pages as the help shows it.
  static var defaults: SweepDefaults { get }
  static var usualSize: String { get }
  static var usualPages: String { get }
  /// Options of other commands that somebody may look for here, and why it takes none: the words between its name and
  /// a colon.
  static var refused: [String: String] { get }
  /// Whether this process keeps the result, and the file that names it; nil for most commands.
  var holding: HoldOptions? { get }
  /// What the words ask for, once they are known to make sense together.
  func request() throws -> Request
}

extension WorkCommand {
  var holding: HoldOptions? { nil }
  static var usualSize: String { "default: FILE's size" }
  static var usualPages: String { "FILE's, else thp" }
  static var refused: [String: String] { [:] }

  /// What is held is made once.
  var defaultsForIt: SweepDefaults { holding?.wanted == nil ? Self.defaults : .once }

  func run() throws { preconditionFailure("Program runs the commands") }
}
