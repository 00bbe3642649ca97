import LinuxSystem
import Synchronization

/// Lets something happen no more often than once in a span of time, and the first time at once.
final class RateLimit: Sendable {
  private let nanoseconds: UInt64
  private let next = Mutex<UInt64>(0)

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  func isDue(at now: UInt64 = Clock.now()) -> Bool {
    next.withLock { next in
      if now < next { return false }
      next = now + nanoseconds
      return true
    }
  }
}
