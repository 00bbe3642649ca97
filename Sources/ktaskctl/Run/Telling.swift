import LinuxSystem
import MemoryWork

/// Tells how a run came out, in every way that was asked for. A run that nobody could be told of has failed, and is
/// undone.
struct Telling<Command: WorkCommand> {
  let command: Command
  let exports: Exports
  let watcher: SignalWatcher
  let work: PlannedWork

  /// Waits for the readers until it is called off; the exit status.
  func tell(_ report: inout Report) -> ExitStatus {
    watcher.beginTelling()
    (work.job as? StockJob)?.letGo()
    report.stock = work.job.stock.flatMap { try? $0.contents() }
    report.pathsInStock = work.job.files.map(\.pathInStock)
    if command.output.json || !exports.isEmpty {
      (report.host, report.date) = (.current(), Clock.date())
    }
    export(&report)
    let messages = report.messages
    messages.forEach(Program.show)
    write(report)
    // a warning that nobody reads delays neither a hold nor COMMAND
    Terminal.flush(goesOn(report) ? [Terminal.output] : [Terminal.errors, Terminal.output]) { watcher.isCalledOff }
    if !Terminal.output.hasTold { noteUntold(&report, shown: messages.count) }
    return report.exitStatus
  }

  /// Whether this process has more to do than to tell.
  private func goesOn(_ report: Report) -> Bool {
    report.isDone && !command.work.dryRun && (report.plan.hold != nil || report.plan.intent.exec != nil)
  }

  /// What was done is of no use after all. `again`: in a document on standard output, too, which has the last one already.
  func fail(_ report: inout Report, _ failure: Failure, again: Bool = true) -> ExitStatus {
    note([failure], &report)
    exports.replaceDocument(report.document, after: report.late)
    report.messages.forEach(Program.show)
    if command.output.json && again { Terminal.output.write(report.document.json() + "\n") }
    Terminal.flush { true }
    return report.exitStatus
  }

  /// Those that can be written again first: what they say must be true of all that comes after them.
  private func export(_ report: inout Report) {
    let before = report.exitStatus
    note(exports.write(report.document) { watcher.isCalledOff }, &report)
    note(exports.streamDocument(report.document) { watcher.isCalledOff }, &report)
    if report.exitStatus != before || !report.late.isEmpty {
      exports.replaceDocument(report.document, after: report.late)
    }
  }

  private func write(_ report: Report) {
    let output = command.output
    if output.json {
      Terminal.output.write(report.document.json() + "\n")
    } else {
      let style = TextStyle(
        isPlanOnly: command.work.dryRun, isVerbose: output.verbose, isUTF8: Terminal.isUTF8,
        width: Terminal.width(of: Terminal.output.number))
      if !output.quiet { say(report.planText(style), report.plan) }
      if output.progress != .json { warn(output.quiet ? report.urgentWarnings : report.warnings) }
      if !output.quiet { say(report.text(style), report.plan) }
    }
    if output.progress == .json {
      for warning in report.warnings { ProgressLines(command: Command.name).hear(.warned(warning)) }
    }
    Terminal.output.write(exports.onOutput(report.document))
  }

  private func warn(_ warnings: [String]) {
    for warning in warnings { Terminal.errors.write("ktaskctl: warning: \(warning.onOneLine)\n".forReader) }
  }

  private func say(_ text: String, _ plan: Plan) {
    if plan.intent.exec == nil || command.work.dryRun {
      Terminal.output.write(text.forReader)
    } else if command.output.verbose {
      // standard output is COMMAND's
      Terminal.errors.write(text.forReader)
    }
  }

  /// Standard output has not taken all of it.
  private func noteUntold(_ report: inout Report, shown: Int) {
    if let errno = Terminal.output.failure {
      note([Failure(report: report.subject, errno)], &report)
    } else {
      note(([], isTold: false), &report)
    }
    exports.replaceDocument(report.document, after: report.late)
    report.messages.dropFirst(shown).forEach(Program.show)
    Terminal.flush([Terminal.errors]) { watcher.isCalledOff }
  }

  private func note(_ failures: [Failure], _ report: inout Report) {
    note((failures, isTold: true), &report)
  }

  private func note(_ outcome: Exports.Outcome, _ report: inout Report) {
    let wasDone = report.isDone
    report.late += outcome.failures
    if wasDone && !outcome.isTold { report.end = watcher.end }
    if wasDone && !report.isDone { undo(&report) }
  }

  private func undo(_ report: inout Report) {
    guard report.plan.keepsResult, !report.plan.intent.isLook, var outcome = report.outcome else { return }
    work.takeBack(&outcome, isWatched: false)
    report.outcome = outcome
  }
}
