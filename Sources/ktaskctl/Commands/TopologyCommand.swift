import ArgumentParser

struct TopologyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topology", _superCommandName: Ktaskctl.name,
    abstract: "Show nodes, CPUs, pages, limits, and how many threads it would use.",
    usage: "ktaskctl topology [OPTION ...]")

  @Flag(name: [.customShort("J"), .long], help: "As a JSON document")
  var json = false

  @Flag(help: "Find how many threads are right for pages of each size and node, on 1 GiB of free memory of each")
  var measure = false

  @Flag(help: "Nothing is changed anyway; nothing is measured")
  var dryRun = false

  func run() throws { preconditionFailure("Program runs the commands") }
}
