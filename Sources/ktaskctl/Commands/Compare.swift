import ArgumentParser

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", _superCommandName: Ktaskctl.name,
    abstract: "Compare two reports: how many times as fast the second is.",
    usage: "ktaskctl compare [OPTION ...] A.json B.json",
    discussion: """
      A.json and B.json are what --export-json wrote; hyperfine's files with a parameter “threads” do, too. The ratio is \
      the first median by the second: above 1 B is faster. Its interval follows from the order of the runs.
      """)

  @Argument(help: ArgumentHelp("The first report", valueName: "A.json"), completion: .file(extensions: ["json"]))
  var first: String

  @Argument(help: ArgumentHelp("The second", valueName: "B.json"), completion: .file(extensions: ["json"]))
  var second: String

  @Flag(name: [.customShort("J"), .long], help: "A JSON document on standard output, and only it")
  var json = false

  @Option(
    help: ArgumentHelp("Both as an SVG picture (-: standard output)", valueName: "file"), completion: .file())
  var plot: String?

  @Flag(help: "The comparison alone: --plot is left out")
  var dryRun = false

  func run() throws { preconditionFailure("Program runs the commands") }
}
