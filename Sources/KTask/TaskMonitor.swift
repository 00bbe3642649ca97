internal import LinuxSystem

/// A window on a running task for other threads: cancels it, and reads its progress without slowing it.
///
/// One monitor may watch several tasks, one after the other; once cancelled, it cancels each that comes after.
public final class TaskMonitor: Sendable {
  /// What the engine lends the monitor while a task runs.
  @safe
  struct Attachment: @unchecked Sendable {
    // @unchecked: attached and detached under the lock, and alive in between.
    let stop: UnsafePointer<StopFlag>
    let units: Int
    let unitsDone: () -> Int
  }

  private struct State {
    var isCancelled = false
    var attachment: Attachment?
    var last = Progress()
    var undoingSince: UInt64?
  }
  private let state = Guarded(State())

  public init() {}

  /// Lets no more chunks be handed out; those being worked on finish, and the task is undone.
  /// Takes a lock: not for signal handlers.
  public func cancel() {
    state.withLock { state in
      state.isCancelled = true
      if let attachment = state.attachment, state.undoingSince == nil { unsafe attachment.stop.pointee.cancel() }
    }
  }

  /// Runs `body`, whose tasks take back what others have left: they run to their end, whoever cancels, and can be watched.
  public func undoing(_ body: () -> Void) {
    let since = Clock.now()
    state.withLock { ($0.undoingSince, $0.last) = (since, Progress()) }
    body()
    state.withLock { $0.undoingSince = nil }
  }

  /// When the undo began that is going on, on the monotonic clock.
  public var undoingSince: UInt64? { state.withLock { $0.undoingSince } }

  /// Whether `cancel` was called.
  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// How far a task is, in units.
  public struct Progress: Equatable, Sendable {
    /// Units finished.
    public var done = 0
    /// nil before the first task.
    public var total: Int?
  }

  /// Of the task that runs, or of the last that ran.
  public var progress: Progress {
    state.withLock { state in
      state.attachment.map { Progress(done: $0.unitsDone(), total: $0.units) } ?? state.last
    }
  }

  /// Units finished so far by the task that runs, or by the last that ran.
  public var unitsDone: Int { progress.done }

  /// What ran before is no part of what comes next.
  public func forget() { state.withLock { $0.last = Progress() } }

  func attach(_ attachment: Attachment) {
    state.withLock { state in
      state.attachment = attachment
      if state.isCancelled && state.undoingSince == nil { unsafe attachment.stop.pointee.cancel() }
    }
  }

  func detach() {
    state.withLock { state in
      if let ended = state.attachment { state.last = Progress(done: ended.unitsDone(), total: ended.units) }
      state.attachment = nil
    }
  }
}
