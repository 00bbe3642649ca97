import KTask
import LinuxSystem
import MemoryWork

/// `stock --watch`: keeps a stock as it was asked for until it is told to stop, file by file, and looks at it again when a name
/// has come or gone.
struct StockService {
  var command: StockCommand
  /// As they were given, without those of the settings' file.
  let words: [String]
  let signals: HeardSignals
  let watch: Owned<DirectoryWatch>
  let manager: ServiceManager?
  /// What waits for it has been told that it may go on.
  var isReady = false
  private let stock: Stock
  private(set) var isGone = false
  /// What went wrong last: it is told once.
  private var trouble: Failure?
  /// What was told of files that cannot be opened: once, for as long as it is so.
  private var warnings: [String] = []
  /// Milliseconds after which what went wrong is tried again.
  private var patience = Self.shortest
  private static let (shortest, longest) = (1000, 60_000)

  /// Throws where there is no such stock.
  init(_ words: [String], _ signals: HeardSignals) throws {
    let command = try StockCommand.understood(words)
    let stock = try Stock(command.directory ?? "")
    (self.words, self.signals, self.command, self.stock) = (words, signals, command, stock)
    watch = try Failure.settingUp("watching \(stock.path.shown)") { () throws(Errno) in try stock.watch() }
    manager = ServiceManager.fromEnvironment(isReadiness: true)
  }

  /// Until a signal; the status is 0 then.
  mutating func run() -> ExitStatus {
    while true {
      switch round() {
      case .changed: patience = Self.shortest
      case .ended(let signals):
        for signal in signals {
          if let status = hear(signal) { return status }
        }
      case .idle(let limit):
        tell()
        if let status = wait(limit) { return status }
      }
    }
  }

  private enum Round {
    /// A file has become ready, or gone.
    case changed
    /// Nothing can be done, or needs to, for so long at most.
    case idle(milliseconds: Int)
    case ended([Int32])
  }

  /// Makes one file ready, where one is missing.
  private mutating func round() -> Round {
    forget()
    if isGone { return .idle(milliseconds: 0) }
    let monitor = TaskMonitor()
    let watcher = SignalWatcher(monitor, signals, timeout: command.work.timeout?.nanoseconds)
    watcher.start()
    let made = Self.givingWay { fill(monitor, watcher) }
    watcher.handOver()
    if watcher.wasAsked { _ = hear(HeardSignals.question) }
    if !watcher.heard.isEmpty { return .ended(watcher.heard) }
    switch made {
    case .success(true):
      trouble = nil
      return .changed
    case .success(false):
      trouble = nil
      // what others look at for a moment is not to be had, and no name comes or goes when they have done with it; nor when another
      // directory is mounted over this one
      return isFull ? .idle(milliseconds: Self.longest) : later()
    case .failure(let failure):
      // the names that came and went with it are this round's own
      forget()
      if isGone { return .idle(milliseconds: 0) }
      complain(failure)
      return later()
    }
  }

  /// Drops what the watch has heard of names.
  mutating func forget() { isGone = watch.value.forget() || isGone || stock.isGone }

  /// Each time twice as late.
  private mutating func later() -> Round {
    defer { patience = min(Self.longest, patience * 2) }
    return .idle(milliseconds: patience)
  }

  private var isFull: Bool { contents.map { $0.ready + $0.making >= command.files } ?? false }

  /// Whether anything was to be done.
  private mutating func fill(_ monitor: TaskMonitor, _ watcher: SignalWatcher) -> Result<Bool, Failure> {
    do {
      let work = try PlannedWork(command, command.request(), monitor)
      warn(Plan.leftAloneWarnings(work.job) + work.plan.shortWarnings(work.job))
      if let shortage = work.shortages.first { return .failure(shortage) }
      if work.plan.hasNothingToDo { return .success(false) }
      let listeners = ProgressListeners(command, work)
      listeners.tell(.started(listeners.state, threads: work.plan.threadCounts, files: work.plan.files.map(\.path)))
      watcher.follow(listeners)
      let outcome = Sweep.run(work, listeners.phase)
      watcher.stopDrawing()
      if let failure = outcome.failures.first { return .failure(failure) }
      if outcome.wasCancelled, let end = watcher.end {
        return .failure(end.failure(stock.path.shown, command.work.timeout))
      }
      return .success(true)
    } catch let error as MemoryError {
      let end = error.cause == .cancelled ? watcher.end : nil
      return .failure(
        end?.failure(stock.path.shown, command.work.timeout) ?? Failure(error, in: StockCommand.name))
    } catch let error as Failure {
      return .failure(error)
    } catch {
      return .failure(StockCommand.misuse(error))
    }
  }

  /// Whoever takes a file, or computes beside it, goes first: also before the look at what is to be done, which for small files
  /// is as much work as the rest. Who asks how it is, is answered all the same.
  private static func givingWay<Result>(_ body: () -> Result) -> Result {
    let usual = SchedulingClass.current()
    try? SchedulingClass.idle.take()
    defer { try? usual.take() }
    return body()
  }

  private mutating func warn(_ now: [String]) {
    let new = now.filter { !warnings.contains($0) }
    warnings = now
    for warning in new { Terminal.errors.write("ktaskctl: warning: \(warning.onOneLine)\n".forReader) }
    if !new.isEmpty { Terminal.flush { true } }
  }

  mutating func complain(_ failure: Failure) {
    // of a file that is made each time it has another name
    if failure.why != trouble?.why { Program.show(failure) }
    trouble = failure
    // a moment: what is not read stays to be told, and signals are to be heard
    Terminal.flush { true }
  }

  /// The service manager hears what there is; and once, that there is enough.
  private mutating func tell() {
    let (contents, enough) = (contents, min(command.minReady ?? 1, command.files))
    let isEnough = contents.map { $0.ready >= enough } ?? false
    manager?.tell((isEnough && !isReady ? ["READY=1"] : []) + ["STATUS=" + status])
    isReady = isReady || isEnough
  }

  /// "8G-any: 3 of 4 ready, 1 being made, 0 returned".
  var status: String {
    guard let contents else { return "not known what it has" }
    return "\(contents.kind): \(contents.ready) of \(command.files) ready, \(contents.making) being made, "
      + "\(contents.returned) returned" + (trouble.map { "; " + $0.why.onOneLine } ?? "")
  }

  private var contents: (kind: String, ready: Int, making: Int, returned: Int)? {
    guard let kind = try? command.kind(in: stock), let contents = try? stock.contents() else { return nil }
    return (
      kind.text, contents.count(.ready, kind), contents.count(.making, kind),
      contents.files.count { $0.condition == .returned && $0.name.kind.bytes == kind.bytes }
    )
  }
}

extension Program {
  /// `stock --watch`: `words` come after the command's name.
  static func watch(_ words: [String]) -> ExitStatus {
    // before it has any other thread
    try? Priority.setNice(Priority.most)
    var heard: HeardSignals?
    do {
      let signals = try HeardSignals()
      heard = signals
      try Failure.settingUp("catching memory errors") { () throws(Errno) in try Memory.catchBusErrors() }
      var service = try StockService(words, signals)
      return service.run()
    } catch let error as MemoryError {
      return refuse(Failure(error, in: StockCommand.name), heard)
    } catch let failure as Failure {
      return refuse(failure, heard)
    } catch {
      return refuse(StockCommand.misuse(error), heard)
    }
  }

  /// A signal that nobody else takes ends the wait for a reader.
  private static func refuse(_ failure: Failure, _ signals: HeardSignals?) -> ExitStatus {
    var isEnded = false
    show(failure)
    Terminal.flush {
      if let signals, let number = try? Signals.takePending(of: signals.heard) {
        isEnded = isEnded || number != HeardSignals.question
      }
      return isEnded
    }
    return failure.exitStatus
  }
}
