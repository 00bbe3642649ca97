internal import CKTask
internal import KTask
internal import LinuxSystem
internal import Synchronization

/// What may end a call before its time: its client's watch, and a time limit. Threads look at it when a chunk has ended,
/// which takes no lock unless it is time.
@safe
final class Interruption: @unchecked Sendable {
  // @unchecked: the watch is read and written atomically.
  let monitor = TaskMonitor()
  private let watch: UnsafeMutablePointer<ktask_watch>?
  /// On the monotonic clock.
  private let deadline: UInt64
  private let isLate = Atomic<Bool>(false)

  /// nil where nothing can interrupt the call. `total`: its units.
  init?(_ watch: UnsafeMutablePointer<ktask_watch>?, timeout: UInt64 = 0, total: Int) {
    if unsafe watch == nil && timeout == 0 { return nil }
    unsafe self.watch = unsafe watch
    let (end, isNever) = Clock.now().addingReportingOverflow(timeout)
    deadline = timeout == 0 || isNever ? .max : end
    if let watch = unsafe watch { unsafe ktask_watch_begin(watch, total) }
    look()
  }

  /// Whether the time was up.
  var hasTimedOut: Bool { isLate.load(ordering: .relaxed) }

  /// At the end of a chunk. `units`: of it, where its positions tell.
  func hasEnded(units: Int?) {
    if let watch = unsafe watch {
      if let units { unsafe ktask_watch_add(watch, units) } else { unsafe ktask_watch_set(watch, monitor.unitsDone) }
    }
    look()
  }

  /// When all has ended.
  func conclude(done: Int) {
    if let watch = unsafe watch { unsafe ktask_watch_set(watch, done) }
  }

  private func look() {
    if deadline != .max && Clock.now() >= deadline {
      isLate.store(true, ordering: .relaxed)
      monitor.cancel()
    }
    guard let watch = unsafe watch else { return }
    if unsafe ktask_watch_is_cancelled(watch) || ktask_watch_is_told(watch) { monitor.cancel() }
  }
}
