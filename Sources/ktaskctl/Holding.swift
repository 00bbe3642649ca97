import LinuxSystem
import MemoryWork

/// What a hold and its process's number need beside the work.
extension Program {
  /// The signals are its to take by now. Keeps what a run has made until it is told to stop, then gives it back if it was
  /// only held. Being told to stop is how a hold ends: the status is 0.
  static func hold(_ plan: Plan, _ hold: Hold, _ watch: Watch, _ followers: Followers) -> Int32 {
    // what is only kept may be worked on by others; what is given back later may not
    for file in plan.job.files where plan.request.keepsResult { file.unlock() }
    var isClean = true
    if watch.end == nil {
      do throws(Errno) {
        try wait(hold, followers)
      } catch {
        show(Message(what: plan.subject, why: "waiting for the end failed: \(error.description) (\(error.name))"))
        isClean = false
      }
    }
    followers.tell(.stopping)
    return release(plan, followers) && isClean ? ExitStatus.done.rawValue : ExitStatus.failed.rawValue
  }

  private static func wait(_ hold: Hold, _ followers: Followers) throws(Errno) {
    let signals = try SignalDescriptor(Watch.signals)
    while try signals.next(orEndOfInput: hold == .untilInputEnds) == .signal(Watch.question) { followers.answer() }
  }

  /// False where something that was only held could not be given back.
  private static func release(_ plan: Plan, _ followers: Followers) -> Bool {
    if plan.request.keepsResult {
      followers.tell(.released(nil))
      return true
    }
    let given = plan.job.giveBack(finally: true)
    followers.tell(.released(Document.Undone(bytes: given.bytes, complete: given.isComplete)))
    if !given.isComplete { show(Message(what: plan.subject, why: "not all of it could be given back")) }
    return given.isComplete
  }

  /// Runs `body` while a file names this process; throws where there can be no such file.
  static func withPidFile(_ path: String?, _ body: () -> Int32) throws(PidFile.Failure) -> Int32 {
    guard let path else { return body() }
    let file = try PidFile.claim(path)
    let status = body()
    file.remove()
    return status
  }
}

extension PidFile.Failure {
  func message(_ path: String) -> Message {
    switch self {
    case .busy(let process):
      let who = process.map { "process \($0)" } ?? "another process"
      return Message(what: path, why: "\(who) runs and has it", remedy: "another --pidfile, or stop that process")
    case .isSomethingElse:
      return Message(what: path, why: "is something else than a file with a process's number", remedy: "another name")
    case .failed(let errno):
      return Message(what: path, why: "no file for the process's number: \(errno.description) (\(errno.name))")
    }
  }

  var exitStatus: ExitStatus {
    switch self {
    case .busy: .busy
    case .isSomethingElse: .notSupported
    case .failed(let errno): MemoryError(.failed(.create, errno)).exitStatus
    }
  }

  /// For the document.
  func failure(_ path: String) -> Document.Failure {
    let message = message(path)
    let code =
      switch self {
      case .busy: "busy"
      case .isSomethingElse: "not-supported"
      case .failed(let errno): MemoryError(.failed(.create, errno)).code
      }
    return Document.Failure(
      code: code, exitStatus: Int(exitStatus.rawValue), message: message.why, path: path, remedy: message.remedy)
  }
}
