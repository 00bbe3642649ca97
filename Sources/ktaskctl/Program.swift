import ArgumentParser
import Glibc
import KTask
import LinuxSystem
import MemoryWork

/// From the words of the command line to an exit status.
enum Program {
  static func run(_ words: [String?]) -> ExitStatus {
    let command: any ParsableCommand
    let arguments = words.compactMap(\.self)
    let name = CommandHelp.command(arguments.first)?._commandName
    let inJSON = Words.askForJSON(arguments)
    if let index = words.firstIndex(of: nil) {
      let word = CommandLineWords.bytes(index).shown
      return answer(ValidationError("word \(index + 1), \(word), is not UTF-8"), name, inJSON: inJSON)
    }
    if arguments.first == "help", let unknown = arguments.dropFirst().first(where: CommandHelp.isUnknown) {
      return answer(ValidationError("unknown"), words: [unknown], inJSON: inJSON)
    }
    do {
      command = try Ktaskctl.command(ManyWords.folding(Words.understood(arguments)))
    } catch {
      return answer(error, name, words: arguments, inJSON: inJSON)
    }
    if !(command is any WorkCommand || command is RunCommand) { outliveFileSizes() }
    switch command {
    case let topology as TopologyCommand: return show(topology)
    case let compare as Compare: return self.compare(compare)
    case let run as RunCommand: return self.run(run)
    case let stock as StockCommand where stock.watch: return watch(Array(arguments.dropFirst()))
    case let work as any WorkCommand: return execute(work)
    default:
      let help = arguments.first == "help" ? nil : HelpText.of(CommandHelp.command(name) ?? Ktaskctl.self)
      return help.map { answer($0.forReader) } ?? runParsersOwn(command)
    }
  }

  /// An answer in a file that may not become so long is told; a reader that is gone ends us as it ends any filter. Not for who
  /// gives its place to COMMAND, which would inherit it.
  static func outliveFileSizes() { try? Signals.ignore([SIGXFSZ]) }

  /// `help` is ArgumentParser's own command, answers by an error, and at more length than `--help`.
  private static func runParsersOwn(_ command: any ParsableCommand) -> ExitStatus {
    var command = command
    do {
      try command.run()
      return .done
    } catch {
      return answer(error)
    }
  }

  /// Help and the version are answers, everything else is a usage error.
  static func answer(
    _ error: any Error, _ command: String? = nil, words: [String] = [], inJSON: Bool = false,
    _ watcher: SignalWatcher? = nil
  ) -> ExitStatus {
    if Ktaskctl.exitCode(for: error) == .success { return answer(parsersAnswer(error)) }
    outliveFileSizes()
    let misuse = Misuse.of(Ktaskctl.message(for: error), command, words: words)
    let failure = Failure(wrongUsage: misuse.why, remedy: misuse.remedy)
    show(failure)
    if inJSON { Terminal.output.write(Document.failed(command ?? "", failure).json() + "\n") }
    Terminal.flush { watcher?.isCalledOff ?? false }
    return failure.exitStatus
  }

  /// Help at length, the version, a completion script or what a shell asked for by it.
  private static func parsersAnswer(_ error: any Error) -> String {
    CompletionScript.finished(Ktaskctl.fullMessage(for: error)).forReader + "\n"
  }

  /// Says what was asked; a failure where nobody could hear it.
  static func answer(_ text: String) -> ExitStatus {
    outliveFileSizes()
    Terminal.output.write(text)
    Terminal.flush()
    guard let errno = Terminal.output.failure else { return .done }
    show(Failure("standard output", "cannot be written: \(errno.sentence)", errno: errno))
    Terminal.flush()
    return .failed
  }

  static func show(_ failure: Failure) {
    for line in failure.lines { Terminal.errors.write(line.forReader + "\n") }
  }

  private static func show(_ command: TopologyCommand) -> ExitStatus {
    do throws(MemoryError) {
      var report = try TopologyReport.current()
      let failures = command.measure && !command.dryRun ? report.measureKnees() : []
      for failure in failures { show(failure) }
      let status = answer(command.json ? report.json() : report.text().forReader)
      return status == .done ? failures.first?.exitStatus ?? .done : status
    } catch {
      var failure = Failure(error)
      failure.what = "topology"
      show(failure)
      if command.json { Terminal.output.write(Document.failed("topology", failure).json() + "\n") }
      Terminal.flush()
      return failure.exitStatus
    }
  }
}

extension Program {
  private static func execute<Command: WorkCommand>(_ command: Command) -> ExitStatus {
    let monitor = TaskMonitor()
    let watcher: SignalWatcher
    do throws(Failure) {
      watcher = SignalWatcher(monitor, try HeardSignals(), timeout: command.work.timeout?.nanoseconds)
      try Failure.settingUp("catching memory errors") { () throws(Errno) in try Memory.catchBusErrors() }
    } catch {
      return refuse(command, error)
    }
    watcher.start()
    do {
      let exports = try Exports(command.output, isPlanOnly: command.work.dryRun)
      try exports.refuseSharing(withJSON: command.output.json)
      let request = try command.request()
      // before any failure is written there
      try refuseMixingUp(command, exports) { request.intent.paths.map { ($0, FileIdentity(named: $0)) } }
      do {
        let work = try PlannedWork.settled(command, request, monitor)
        // what is open by now is what counts
        try refuseMixingUp(command, exports) { work.job.files.map { ($0.path, $0.identity) } }
        return execute(Telling(command: command, exports: exports, watcher: watcher, work: work))
      } catch let error as MemoryError {
        let end = error.cause == .cancelled ? watcher.end : nil
        let failure = end.map { untouched(command, request.intent, $0) } ?? Failure(error, in: Command.name)
        return refuse(command, failure, watcher, exports)
      }
    } catch let error as Failure {
      return refuse(command, error, watcher)
    } catch {
      return answer(error, Command.name, inJSON: command.output.json, watcher)
    }
  }

  /// A command that writes nothing but its report can write over nothing.
  private static func refuseMixingUp<Command: WorkCommand>(
    _ command: Command, _ exports: Exports, with files: () -> [(name: String, identity: FileIdentity?)]
  ) throws {
    let pidFile = command.holding?.pidfile
    if !exports.isEmpty || pidFile != nil { try exports.refuseMixingUp(with: files(), pidFile) }
  }

  private static func execute<Command: WorkCommand>(_ telling: Telling<Command>) -> ExitStatus {
    let (command, work) = (telling.command, telling.work)
    var report = Report(work.plan, process: getpid())
    report.failures = work.shortages
    if let shortage = work.shortages.first {
      ProgressLines.tell(command, shortage)
      return telling.tell(&report)
    }
    if let exec = work.plan.intent.exec, let errno = exec.refusal {
      return refuse(command, Failure(command: exec.command[0], errno), telling.watcher, telling.exports)
    }
    if command.work.dryRun { return telling.tell(&report) }
    let listeners = ProgressListeners(command, work)
    let pidFile = command.holding?.pidfile
    do throws(PidFile.Failure) {
      return try withPidFile(pidFile, besides: work.job.files) { carryOut(&report, telling, listeners) }
    } catch {
      return refuse(command, error.failure(pidFile ?? ""), telling.watcher, telling.exports)
    }
  }

  private static func carryOut<Command: WorkCommand>(
    _ report: inout Report, _ telling: Telling<Command>, _ listeners: ProgressListeners
  ) -> ExitStatus {
    let (plan, watcher) = (report.plan, telling.watcher)
    listeners.tell(.started(listeners.state, threads: plan.threadCounts, files: plan.files.map(\.path)))
    watcher.follow(listeners, telling.work.job.files.first?.owner)
    if !plan.hasNothingToDo {
      report.outcome = sweep(telling.work, watcher, listeners)
    } else if plan.wantsTransparent {
      report.found = telling.work.look()
    }
    watcher.stopDrawing()
    report.failures = report.outcome?.failures ?? []
    report.late = report.outcome?.late ?? []
    report.end = report.outcome?.wasCancelled == true ? watcher.end : nil
    if plan.hold != nil && report.isDone { listeners.phase.begin(.holding) }
    let status = telling.tell(&report)
    listeners.tell(report, status: status, held: plan.hold != nil)
    if status == .done, let exec = plan.intent.exec { return Program.exec(exec, &report, telling, listeners) }
    if status == .done, let hold = plan.hold { return Program.hold(telling.work, hold, watcher, listeners) }
    listeners.flush { watcher.isCalledOff }
    if status == .done && listeners.isManagerUntold, case .signal(let number)? = watcher.end {
      return fail(&report, endedBy: number, before: "the service manager was told", telling, again: false)
    }
    return status
  }

  /// Told to stop when all was done, and before somebody who waits for it knew that.
  static func fail<Command: WorkCommand>(
    _ report: inout Report, endedBy signal: Int32, before what: String, _ telling: Telling<Command>, again: Bool = true
  ) -> ExitStatus {
    let why = "ended by \(HeardSignals.name(of: signal)) before \(what)"
    return telling.fail(&report, Failure(report.subject, why, Interruption.signal(signal).exitStatus), again: again)
  }

  private static func sweep(
    _ work: PlannedWork, _ watcher: SignalWatcher, _ listeners: ProgressListeners
  ) -> Outcome {
    var outcome = Sweep.run(work, listeners.phase)
    // told to stop when the work was just done, and before anybody was told so: it is not to be held
    let isInVain = watcher.hasLostProcess || work.plan.hold != nil && watcher.end != nil
    if isInVain && outcome.undone == nil {
      outcome.wasCancelled = true
      work.takeBack(&outcome)
    }
    return outcome
  }

  /// Told to stop before anything was touched.
  private static func untouched<Command: WorkCommand>(_ command: Command, _ intent: Intent, _ end: Interruption)
    -> Failure
  {
    var failure = end.failure(intent.subject, command.work.timeout)
    failure.why += "; untouched"
    failure.path = intent.paths.first
    return failure
  }

  /// Errors found before there is a report.
  private static func refuse<Command: WorkCommand>(
    _ command: Command, _ failure: Failure, _ watcher: SignalWatcher? = nil, _ exports: Exports = Exports()
  ) -> ExitStatus {
    let document = Document.failed(Command.name, failure)
    let isCalledOff = { watcher?.isCalledOff ?? false }
    watcher?.beginTelling()
    ProgressLines.tell(command, failure)
    show(failure)
    for failure in exports.writeAll(document, isCalledOff: isCalledOff) { show(failure) }
    if command.output.json { Terminal.output.write(document.json() + "\n") }
    Terminal.output.write(exports.onOutput(document))
    Terminal.flush(isCalledOff: isCalledOff)
    return failure.exitStatus
  }
}
