import ArgumentParser
import KTask
import LinuxSystem
import MemoryWork

/// From the words of the command line to an exit status.
enum Program {
  static func run(_ words: [String?]) -> Int32 {
    let command: any ParsableCommand
    let arguments = words.compactMap(\.self)
    let name = Ktaskctl.configuration.subcommands.map { $0._commandName }.first { $0 == arguments.first }
    let inJSON = arguments.prefix { $0 != "--" }.contains("--json")
    if let index = words.firstIndex(of: nil) {
      return answer(ValidationError("word \(index + 1) is not UTF-8"), name, inJSON: inJSON)
    }
    do {
      command = try Ktaskctl.parseAsRoot(Words.joiningNegatives(arguments))
    } catch {
      return answer(error, name, inJSON: inJSON)
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
  private static func answer(_ error: any Error, _ command: String? = nil, inJSON: Bool = false) -> Int32 {
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
      Terminal.write(Document.failed(command ?? "", failure).json() + "\n")
    }
    return Terminal.finish() ? ExitStatus.usage.rawValue : ExitStatus.failed.rawValue
  }

  static func show(_ message: Message) {
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
    _ = Launch.inheritedSignals
    Watch.takeSignals()
    let monitor = TaskMonitor()
    let watch = Watch(monitor, timeout: command.work.timeout?.nanoseconds)
    let plan: Plan
    do {
      try Memory.catchBusErrors()
      // before any failure is written there
      try refuseMixingUp(command.output, with: command.job().paths, command.holding?.pidfile)
      if !watch.start() {
        Terminal.writeError(
          "ktaskctl: warning: no thread for signals and --timeout: a signal ends it without an undo\n")
      }
      plan = try Plan(command, monitor)
      try monitor.check()
    } catch let error as MemoryError {
      if error.cause == .cancelled, let end = watch.end { return refuse(command, end) }
      return refuse(command, error)
    } catch {
      return answer(error, Command.name, inJSON: command.output.json)
    }
    var report = Report(plan)
    if !plan.shortages.isEmpty {
      report.errors = plan.shortages
      return finish(&report, command, status: plan.shortages[0].exitStatus.rawValue)
    }
    if let launch = plan.request.launch, launch.isMissing {
      let name = launch.command[0]
      return refuse(command, LaunchStatus.message(name, .noEntry), LaunchStatus.failure(name, .noEntry))
    }
    if command.work.dryRun { return finish(&report, command, status: 0) }
    if let message = unwritable(command.output) {
      let failure = Document.Failure(code: "failed", exitStatus: 1, message: message.why, path: message.what)
      return refuse(command, message, failure, exporting: false)
    }
    let pidFile = command.holding?.pidfile
    let followers = Followers(command, plan, monitor)
    do throws(PidFile.Failure) {
      return try withPidFile(pidFile) { carryOut(plan, &report, command, watch, followers) }
    } catch {
      return refuse(command, error.message(pidFile ?? ""), error.failure(pidFile ?? ""))
    }
  }

  private static func carryOut<Command: WorkCommand>(
    _ plan: Plan, _ report: inout Report, _ command: Command, _ watch: Watch, _ followers: Followers
  ) -> Int32 {
    followers.tell(.started(followers.state, threads: plan.threadCounts, files: plan.job.files.map(\.path)))
    if !plan.hasNothingToDo { report.outcome = sweep(plan, watch, followers) }
    report.errors = report.outcome?.errors ?? []
    report.end = report.outcome?.wasCancelled == true ? watch.end : nil
    // whoever reads that it is held, and asks or says stop, is to be heard by the hold
    if plan.hold != nil && report.isDone {
      followers.stage.begin(.holding)
      watch.handOver()
    }
    if Terminal.mayHaveToWait(for: command.output.exports) { Watch.letSignalsThrough() }
    let status = finish(&report, command, status: report.exitStatus)
    if status != 0 && report.isDone { undoUntold(&report) }
    followers.tell(report, status: status, held: plan.hold != nil)
    if status != 0 { return status }
    if let launch = plan.request.launch { return Program.launch(launch, plan, watch) }
    return plan.hold.map { Program.hold(plan, $0, watch, followers) } ?? status
  }

  /// Nobody could be told that it is done: it has failed.
  private static func undoUntold(_ report: inout Report) {
    Watch.takeSignals()
    if report.plan.keepsResult && !report.plan.request.isLook {
      report.outcome?.undone = report.plan.takeBack()
    }
    show(report.untold)
  }

  /// The work with somebody beside it who watches.
  private static func sweep(_ plan: Plan, _ watch: Watch, _ followers: Followers) -> SweepOutcome {
    watch.follow(followers)
    var outcome = Sweep.run(plan, followers.monitor, followers.stage)
    watch.stop()
    followers.erase()
    if plan.hold != nil && watch.end != nil && outcome.undone == nil { outcome.cancel(plan) }
    return outcome
  }

  /// Errors found before there is a plan.
  private static func refuse<Command: WorkCommand>(_ command: Command, _ error: MemoryError) -> Int32 {
    refuse(command, error.message, Document.Failure(error))
  }

  /// Told to stop before anything was touched.
  private static func refuse<Command: WorkCommand>(_ command: Command, _ end: Watch.End) -> Int32 {
    let paths = (try? command.job().paths) ?? []
    let message = end.message(paths.isEmpty ? "anonymous memory" : paths.joined(separator: ", "), command.work.timeout)
    let failure = Document.Failure(
      code: end.code, exitStatus: Int(end.exitStatus), message: message.why + "; untouched", path: paths.first)
    return refuse(command, Message(what: message.what, why: failure.message), failure)
  }

  private static func refuse<Command: WorkCommand>(
    _ command: Command, _ message: Message, _ failure: Document.Failure, exporting: Bool = true
  ) -> Int32 {
    show(message)
    let document = Document.failed(Command.name, failure)
    if command.output.json { Terminal.write(document.json() + "\n") }
    if exporting { _ = export(document, command.output) }
    _ = Terminal.finish()
    return Int32(failure.exitStatus)
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
      let text = report.text(isPlanOnly: command.work.dryRun, isVerbose: output.verbose)
      if report.plan.request.launch == nil || command.work.dryRun {
        Terminal.write(text)
      } else if output.verbose {
        // standard output is COMMAND's
        Terminal.writeError(text)
      }
    }
    let isExported = export(report.document, output)
    let isWritten = Terminal.finish()
    return status == 0 && !(isExported && isWritten) ? ExitStatus.failed.rawValue : status
  }
}
