import ArgumentParser

/// How often the work is done: for the commands that can do it again. The defaults are `Command`'s.
struct RunOptions<Command: WorkCommand>: ParsableArguments {
  @Option(
    name: [.customShort("r", allowingJoined: true), .long],
    help: ArgumentHelp("Measured runs per thread count (default: \(Command.defaults.runs))", valueName: "n"))
  var runs: Int?

  @Option(
    name: [.customShort("w", allowingJoined: true), .long],
    help: ArgumentHelp("Unmeasured runs before these (default: \(Command.defaults.warmup))", valueName: "n"))
  var warmup: Int?

  func validate() throws {
    if let runs, !(1...10_000).contains(runs) { throw ValidationError("--runs takes 1 to 10000, not \(runs)") }
    if let warmup, !(0...10_000).contains(warmup) { throw ValidationError("--warmup takes 0 to 10000, not \(warmup)") }
  }
}
