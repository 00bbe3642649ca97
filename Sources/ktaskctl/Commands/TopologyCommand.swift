import ArgumentParser

struct TopologyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topology",
    abstract: "Show nodes, CPUs, pages, limits, and how many threads it would use.",
    usage: "ktaskctl topology [OPTION ...]")

  @Flag(name: [.customShort("J"), .long], help: "As a JSON document")
  var json = false

  @Flag(help: "Nothing is changed anyway")
  var dryRun = false

  func run() throws { preconditionFailure("Program runs the commands") }
}
