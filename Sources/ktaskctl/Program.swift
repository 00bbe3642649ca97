import ArgumentParser
import KTask
import LinuxSystem
import MemoryWork

/// From the words of the command line to an exit status.
enum Program {
  static func run(_ arguments: [String]) -> Int32 {
    let command: any ParsableCommand
    do {
      command = try Ktaskctl.parseAsRoot(Words.joiningNegatives(arguments))
    } catch {
      return answer(error, inJSON: arguments.contains("--json"))
    }
    switch command {
    case let topology as TopologyCommand: return show(topology)
    case let work as any WorkCommand: return execute(work)
    default: return runParsersOwn(command)
    }
  }

  /// `help` and `--help` are ArgumentParser's own commands, and answer by an error.
  private static func runParsersOwn(_ command: any ParsableCommand) -> Int32 {
    var command = command
    do {
      try command.run()
      return ExitStatus.done.rawValue
    } catch {
      return answer(error)
    }
  }

  /// Help and the version are answers, everything else is a usage error.
  private static func answer(_ error: any Error, inJSON: Bool = false) -> Int32 {
    if Ktaskctl.exitCode(for: error) == .success {
      Terminal.write(Ktaskctl.fullMessage(for: error) + "\n")
      return Terminal.finish() ? 0 : ExitStatus.failed.rawValue
    }
    let remedy = Words.remedy(Ktaskctl.fullMessage(for: error))
    let message = Message(what: "wrong usage", why: Ktaskctl.message(for: error), remedy: remedy)
    show(message)
    if inJSON {
      let status = Int(ExitStatus.usage.rawValue)
      let failure = Document.Failure(code: "usage", exitStatus: status, message: message.why, remedy: remedy)
      Terminal.write(Document.failed("", failure).json() + "\n")
    }
    return Terminal.finish() ? ExitStatus.usage.rawValue : ExitStatus.failed.rawValue
  }

  private static func show(_ message: Message) {
    for line in message.lines { Terminal.writeError(line + "\n") }
  }

  private static func show(_ command: TopologyCommand) -> Int32 {
    let report = TopologyReport.current()
    Terminal.write(command.json ? report.json() : report.text())
    return Terminal.finish() ? 0 : ExitStatus.failed.rawValue
  }
}

extension Program {
  private static func execute<Command: WorkCommand>(_ command: Command) -> Int32 {
    Watch.takeSignals()
    let plan: Plan
    do {
      try Memory.catchBusErrors()
      plan = try Plan(command)
    } catch let error as MemoryError {
      return refuse(command, error)
    } catch {
      return answer(error, inJSON: command.output.json)
    }
    var report = Report(plan)
    if !plan.shortages.isEmpty {
      report.errors = plan.shortages
      return finish(&report, command, status: plan.shortages[0].exitStatus.rawValue)
    }
    if command.work.dryRun || plan.job.bytes == 0 { return finish(&report, command, status: 0) }
    return carryOut(plan, &report, command)
  }

  private static func carryOut<Command: WorkCommand>(
    _ plan: Plan, _ report: inout Report, _ command: Command
  ) -> Int32 {
    let monitor = TaskMonitor()
    let progress = ProgressDisplay(command, total: plan.job.bytes)
    let watch = Watch(monitor, timeout: command.work.timeout?.nanoseconds, draw: progress?.draw)
    if !watch.start() {
      Terminal.writeError("ktaskctl: warning: no thread for signals and --timeout: a signal ends it without an undo\n")
    }
    let outcome = Sweep.run(plan, monitor)
    watch.stop()
    progress?.erase()
    report.outcome = outcome
    report.errors = outcome.errors
    report.end = outcome.wasCancelled ? watch.end : nil
    return finish(&report, command, status: report.exitStatus)
  }

  /// Errors found before there is a plan.
  private static func refuse<Command: WorkCommand>(_ command: Command, _ error: MemoryError) -> Int32 {
    show(error.message)
    let document = Document.failed(Command.name, Document.Failure(error))
    if command.output.json { Terminal.write(document.json() + "\n") }
    _ = export(document, command.output)
    _ = Terminal.finish()
    return error.exitStatus.rawValue
  }

  private static func finish<Command: WorkCommand>(
    _ report: inout Report, _ command: Command, status: Int32
  ) -> Int32 {
    for message in report.messages { show(message) }
    let output = command.output
    if output.json {
      Terminal.write(report.document.json() + "\n")
    } else if !output.quiet {
      for warning in report.warnings { Terminal.writeError("ktaskctl: warning: \(warning)\n") }
      Terminal.write(report.text(isPlanOnly: command.work.dryRun, isVerbose: output.verbose))
    }
    let isExported = export(report.document, output)
    let isWritten = Terminal.finish()
    return status == 0 && !(isExported && isWritten) ? ExitStatus.failed.rawValue : status
  }

  private static func export(_ document: Document, _ output: OutputOptions) -> Bool {
    let exports = [
      (output.exportJson, { document.json() + "\n" }), (output.exportCsv, { Export.csv(document.results) }),
      (output.exportMarkdown, { Export.markdown(document.results) }),
    ]
    var isComplete = true
    for case (let path?, let text) in exports where !Terminal.write(text(), toFile: path) {
      show(Message(what: path, why: "the export could not be written"))
      isComplete = false
    }
    return isComplete
  }
}
