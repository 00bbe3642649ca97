internal import LinuxSystem

/// A thread that works for one task after another, asleep in between.
final class Helper: @unchecked Sendable {
  // @unchecked: `body` and `cpus` belong to the claimant while the helper is idle and to the helper from the moment
  // when it begins; the word orders the two.

  /// What the word says.
  private enum State {
    static let idle: UInt32 = 0
    /// There is a body that it has not begun.
    static let called: UInt32 = 1
    static let working: UInt32 = 2
    /// Working, and somebody sleeps until it ends.
    static let awaited: UInt32 = 3
  }
  private let state = FutexWord(State.idle)
  private var body: (() -> Void)?
  private var cpus: CPUSet?
  /// gettid(2); 0 until the thread runs.
  private let thread = FutexWord(0)
  /// Its own nice value, from before its first task.
  let nice: Int
  /// The least nice value that this process might give it when it was made: what can be lent to it.
  let lowestNice: Int

  init(nice: Int, lowestNice: Int) {
    self.nice = nice
    self.lowestNice = lowestNice
  }

  /// Lets the helper run `body` once.
  func start(_ body: @escaping () -> Void) {
    self.body = body
    state.store(State.called)
    state.wake(1)
  }

  /// Takes the body back from a helper that has not woken up to it yet; false when it has begun.
  func takeBack() -> Bool {
    guard state.compareExchange(State.called, State.idle) else { return false }
    body = nil
    return true
  }

  /// Waits awake for the body's end for a moment; whether it has come.
  func hasEnded(spins: Int) -> Bool { state.spin(until: State.idle, spins) }

  /// Waits for the body's end.
  func awaitEnd() {
    while true {
      switch state.load() {
      case State.idle: return
      case State.working: _ = state.compareExchange(State.working, State.awaited)
      case let other: state.wait(while: other)
      }
    }
  }

  /// Binds the helper to `cpus`, awake or asleep. A CPU may have gone since the plan was made: then it stays where it
  /// is, which costs speed and nothing else.
  func bind(to cpus: CPUSet) {
    if self.cpus == cpus { return }
    do throws(Errno) {
      try cpus.apply(toThread: Int(thread.load()))
      self.cpus = cpus
    } catch {
      self.cpus = nil
    }
  }

  /// R8: gives the helper another nice value; false where the kernel does not allow it.
  func renice(_ nice: Int) -> Bool {
    do throws(Errno) {
      try Priority.setNice(nice, ofThread: Int(thread.load()))
      return true
    } catch {
      return false
    }
  }
}

/// What the helper's own thread does.
extension Helper {
  func introduce() {
    thread.store(UInt32(DetachedThread.currentID))
    thread.wake()
  }

  func awaitIntroduction() {
    while thread.load() == 0 { thread.wait(while: 0) }
  }

  /// Waits for a body and runs it; false when there was none for a long time.
  func work() -> Bool {
    if !state.spin(until: State.called, HelperPool.spins) && state.load() == State.idle {
      let isWoken = state.wait(while: State.idle, nanoseconds: HelperPool.idleNanoseconds)
      if !isWoken && state.load() == State.idle { return false }
    }
    if state.compareExchange(State.called, State.working) {
      // not with take(), whose generic result would be wrapped anew, on the heap
      let body = body
      self.body = nil
      body?()
      if state.exchange(State.idle) == State.awaited { state.wake() }
    }
    return true
  }
}
