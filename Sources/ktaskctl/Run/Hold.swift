import LinuxSystem
import MemoryWork

/// What a hold and its process's number need beside the work.
extension Program {
  /// Keeps what a run has made until it is told to stop, then gives it back if it was only held. Being told to stop is how
  /// a hold ends: the status is 0.
  static func hold(_ work: PlannedWork, _ hold: Hold, _ watcher: SignalWatcher, _ listeners: ProgressListeners)
    -> ExitStatus
  {
    // what is only kept may be worked on by others; what is given back later may not
    if work.plan.intent.keepsResult {
      work.made.run = nil
      for file in work.job.files { file.letGo() }
    }
    watcher.handOver()
    var isClean = true
    if !watcher.hasHeardSignal {
      do throws(Errno) {
        try wait(hold, watcher.signals, listeners)
      } catch {
        // by now others may rely on what was to be kept
        let rest = work.plan.intent.keepsResult ? "; what was made stays" : ""
        show(Failure(work.plan.subject, "waiting for the end failed: \(error.sentence)\(rest)", errno: error))
        isClean = false
      }
    }
    // whoever cancels tells it
    if !watcher.hasHeardSignal { listeners.tell(.stopping) }
    isClean = release(work, listeners) && isClean
    // told to stop, it waits for nobody
    listeners.flush { true }
    return isClean ? .done : .failed
  }

  /// Until a signal or the end of input; readers that were too slow for earlier words get them meanwhile.
  private static func wait(_ hold: Hold, _ heard: HeardSignals, _ listeners: ProgressListeners) throws(Errno) {
    let signals = try SignalDescriptor(heard.heard)
    while true {
      listeners.push()
      let limit = listeners.hasWaiting ? 100 : nil
      switch try signals.next(orEndOfInput: hold == .untilInputEnds, milliseconds: limit) {
      case .signal(HeardSignals.question): listeners.answer()
      case .signal, .inputEnded, .readable: return
      case nil: break
      }
    }
  }

  /// False where something that was only held could not be given back.
  private static func release(_ work: PlannedWork, _ listeners: ProgressListeners) -> Bool {
    if work.plan.intent.keepsResult {
      listeners.tell(.released(nil))
      return true
    }
    let given = work.giveBackAll()
    listeners.tell(.released(Document.Undone(given)))
    if !given.isComplete { show(Failure(work.plan.subject, "not all of it could be given back")) }
    return given.isComplete
  }

  /// Runs `body` while a file names this process; throws where there can be no such file. It is none of `files`.
  static func withPidFile(
    _ path: String?, besides files: [MemoryFile], _ body: () -> ExitStatus
  ) throws(PidFile.Failure) -> ExitStatus {
    guard let path else { return body() }
    let file = try PidFile.claim(path) { found in files.allSatisfy { $0.identity != FileIdentity(found) } }
    let status = body()
    file.remove()
    return status
  }
}

extension PidFile.Failure {
  func failure(_ path: String) -> Failure {
    switch self {
    case .busy(let process):
      let who = process.map { "process \($0)" } ?? "another process"
      return Failure(
        path.shown, "\(who) runs and has it", remedy: "another --pidfile, or stop that process", .busy, path: path)
    case .isSomethingElse:
      return Failure(
        path.shown, "is something else than a file with a process's number", remedy: "another name", .notSupported,
        path: path)
    case .failed(let step, let errno):
      let error = MemoryError(.failed(.create, errno))
      let what = step == .open ? "" : "\(step.gerund) failed: "
      return Failure(
        path.shown, "no file for the process's number: \(what)\(errno.sentence)", error.exitStatus, code: error.code,
        path: path, errno: errno)
    }
  }
}

extension PidFile.Step {
  fileprivate var gerund: String {
    switch self {
    case .open: "opening it"
    case .inspect: "inspecting it"
    case .lock: "locking it"
    case .read: "reading it"
    case .write: "writing it"
    }
  }
}
