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
    let unitsDone: () -> Int
  }

  private struct State {
    var isCancelled = false
    var attachment: Attachment?
    var lastUnits = 0
  }
  private let state = Guarded(State())

  public init() {}

  /// Lets no more chunks be handed out; those being worked on finish, and the task is undone.
  /// Takes a lock: not for signal handlers.
  public func cancel() {
    state.withLock { state in
      state.isCancelled = true
      if let attachment = state.attachment { unsafe attachment.stop.pointee.cancel() }
    }
  }

  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Units finished so far by the task that runs, or by the last that ran.
  public var unitsDone: Int {
    state.withLock { $0.attachment?.unitsDone() ?? $0.lastUnits }
  }

  func attach(_ attachment: Attachment) {
    state.withLock { state in
      state.attachment = attachment
      if state.isCancelled { unsafe attachment.stop.pointee.cancel() }
    }
  }

  func detach() {
    state.withLock { state in
      state.lastUnits = state.attachment?.unitsDone() ?? 0
      state.attachment = nil
    }
  }
}
