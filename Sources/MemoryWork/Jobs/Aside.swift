internal import KTask
internal import LinuxSystem
internal import Synchronization

/// Runs `body` on a thread of its own, and waits for it no longer than `aside.patience`, nor once `monitor` is cancelled:
/// what others do can keep the kernel's answers back for as long as they like. `body` asks whether it has been left
/// behind; false where it was.
func aside(_ monitor: TaskMonitor?, _ body: @escaping @Sendable (_ isLeft: @escaping () -> Bool) -> Void) -> Bool {
  let errand = Errand()
  do throws(Errno) {
    try DetachedThread.start("ktaskctl look") {
      body { errand.isLeft }
      errand.isDone.store(true, ordering: .releasing)
    }
  } catch {
    // without a thread, as far as it goes
    body { errand.isOverdue || monitor?.isCancelled ?? false }
    return !errand.isOverdue && monitor?.isCancelled != true
  }
  while !errand.isDone.load(ordering: .acquiring) {
    if errand.isOverdue || monitor?.isCancelled == true {
      errand.leave()
      return false
    }
    Clock.sleep(milliseconds: 1)
  }
  return true
}

private final class Errand: Sendable {
  /// In nanoseconds.
  private static let patience: UInt64 = 10_000_000_000
  private let deadline = Clock.now() + patience
  private let hasLeft = Atomic(false)
  let isDone = Atomic(false)

  var isOverdue: Bool { Clock.now() >= deadline }
  var isLeft: Bool { hasLeft.load(ordering: .relaxed) }
  func leave() { hasLeft.store(true, ordering: .relaxed) }
}
