import ArgumentParser
import KTask
import LinuxSystem

/// How helpers behave.
struct HelperOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Their nice value", valueName: "n"))
  var nice = Priority.most

  @Flag(help: "Never lend the caller's priority to a helper")
  var noLend = false

  @Option(help: ArgumentHelp("At once on this machine (default: 4/5 of its CPUs)", valueName: "n"))
  var maxHelpers: Int?

  @Flag(help: "Use helpers although a CPU is set to save energy")
  var ignorePowerPolicy = false

  func validate() throws {
    if !(Priority.least...Priority.most).contains(nice) {
      throw ValidationError("--nice takes \(Priority.least) to \(Priority.most), not \(nice)")
    }
    if let maxHelpers, !(0...ThreadRequest.largestCount).contains(maxHelpers) {
      throw ValidationError("--max-helpers takes 0 to \(ThreadRequest.largestCount), not \(maxHelpers)")
    }
  }

  /// The words that ask for what is not usual.
  var changed: [String] {
    var words = nice == Priority.most ? [] : ["--nice", "\(nice)"]
    if noLend { words.append("--no-lend") }
    if let maxHelpers { words += ["--max-helpers", "\(maxHelpers)"] }
    if ignorePowerPolicy { words.append("--ignore-power-policy") }
    return words
  }

  /// The budget that helpers are counted in. Every call makes another one where --max-helpers is given.
  func makeBudget() -> HelperBudget {
    maxHelpers.map { HelperBudget(Machine.shared.topology, maximumHelpers: $0) } ?? .shared
  }

  func apply(to control: inout TaskControl) {
    control.helpersNice = nice
    control.lendsPriority = !noLend
    control.ignoresPowerPolicy = ignorePowerPolicy
  }
}
