import ArgumentParser

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", _superCommandName: Ktaskctl.name,
    abstract: "Run COMMAND with its own large memory calls made parallel.",
    usage: "ktaskctl run [OPTION ...] -- COMMAND ...",
    discussion: """
      COMMAND takes this process's place: signals go to it, and the exit status is its own. What it starts has its calls \
      made parallel, too.
      """)

  @Argument(parsing: .postTerminator, help: "What is run, and its words")
  var command: [ManyWords] = []

  @Option(
    help: ArgumentHelp("Calls of less are left alone (default: 64M)", valueName: "size"), transform: ByteSize.parse)
  var least = ByteSize(bytes: 64 << 20)

  @Option(
    help: ArgumentHelp("thp: asked for before pages are made", valueName: "size"), completion: .list(["thp"]),
    transform: PageSizeWord.parse)
  var pageSize: PageSizeWord?

  @Option(
    name: [.customShort("t", allowingJoined: true), .long],
    help: "auto, all, or a number (default: auto)", completion: .list(["auto", "all"]), transform: ThreadRequest.parse)
  var threads = ThreadRequest.automatic

  @Flag(help: "What COMMAND starts is left alone")
  var noChildren = false

  @Flag(help: "Run COMMAND as it is where its calls cannot be reached")
  var bestEffort = false

  @Flag(help: "Print what would be done, and run nothing")
  var dryRun = false

  @Option(
    help: ArgumentHelp("What was made parallel; -: on output; json", valueName: "file"), completion: .file())
  var report: String?

  @Flag(name: .shortAndLong, help: "On standard error, what was made parallel and what not")
  var verbose = false

  @OptionGroup(title: "Helpers") var helpers: HelperOptions

  func validate() throws {
    if command.isEmpty { throw ValidationError("run needs a COMMAND after --") }
    if case .counts(let counts) = threads, counts.count > 1 {
      throw ValidationError("run makes each call once: it takes one number of threads")
    }
    if let pageSize, pageSize != .transparent {
      throw ValidationError("the pages are COMMAND's own: --page-size takes thp only")
    }
  }

  func run() throws { preconditionFailure("Program runs the commands") }
}
