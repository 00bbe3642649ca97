import Glibc
import LinuxSystem
import Synchronization

// What tests wait with. A wait that takes ten minutes ends the test program: better than one that hangs. What is waited for
// comes for certain, on a machine however busy.

/// Seconds after which something hangs.
let patience = 600.0

/// Looks again and again until `condition` holds. False where that hangs.
func waitUntil(_ condition: () -> Bool) -> Bool {
  let clock = ContinuousClock()
  let began = clock.now
  while !condition() {
    if clock.now - began > .seconds(patience) { return false }
    usleep(100)
  }
  return true
}

/// Something that happens once.
final class Event: Sendable {
  private let word = FutexWord(0)

  func happen() {
    word.store(1)
    word.wake()
  }

  var hasHappened: Bool { word.load() == 1 }

  func wait() {
    while word.load() == 0 {
      guard word.wait(while: 0, nanoseconds: Int(patience * 1e9)) else { fatalError("waited ten minutes in vain") }
    }
  }
}

/// A point that `count` threads pass together.
final class Rendezvous: Sendable {
  private let missing: Atomic<Int>
  private let complete = Event()

  init(_ count: Int) { missing = Atomic(count) }

  /// Waits until all have met, without being one of them.
  func watch() { complete.wait() }

  /// Waits for the others; later comers pass.
  func meet() {
    if missing.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { complete.happen() }
    complete.wait()
  }
}

/// A thread that a test starts and joins, outside the pool that swift-testing runs tests on.
final class OwnThread<Result: Sendable>: Sendable {
  private let result = Guarded<Result?>(nil)
  private let ended = Event()

  init(_ body: @escaping @Sendable () -> Result) throws {
    try DetachedThread.start("ktask test") {
      let result = body()
      self.result.withLock { $0 = result }
      self.ended.happen()
    }
  }

  func join() -> Result {
    ended.wait()
    return result.withLock { $0! }
  }
}
