internal import LinuxSystem

/// A thread that works for one task after another, asleep in between.
///
/// Nothing is allocated or freed in it, lest the C library make a heap for it: what it gets belongs to the claimant, and only
/// claimants let go of a helper.
final class Helper: @unchecked Sendable {
  // @unchecked: `body`, `cpus` and the like belong to the claimant while the helper is idle and to the helper from the moment
  // when it begins; the word orders the two.

  /// What the word says.
  private enum State {
    static let idle: UInt32 = 0
    /// There is a body that it has not begun.
    static let called: UInt32 = 1
    static let working: UInt32 = 2
    /// Working, and somebody sleeps until it ends.
    static let awaited: UInt32 = 3
    /// It is to end.
    static let dismissed: UInt32 = 4
    /// Idle, and it has to be woken.
    static let asleep: UInt32 = 5

    static func isIdle(_ state: UInt32) -> Bool { state == idle || state == asleep }
  }
  private let state = FutexWord(State.idle)
  private var body: (() -> Void)?
  /// How long it is to wait for the one after it, in nanoseconds, and how long it waits now.
  private var lingering: Int
  private var patience: Int
  /// What it has of its caller's manner, and what it is to have.
  private var manner: ThreadManner
  private var wanted: ThreadManner
  /// Where the claimant has bound it, and whether it has gone elsewhere since.
  private var cpus: CPUSet?
  private var hasMoved = false
  /// gettid(2); 0 until the thread runs.
  private let number = FutexWord(0)
  private let thread: HelperThread
  /// Its own nice value among other things, from before its first task.
  let kind: HelperThread.Kind
  /// The least nice value that this process might give it when it was made: what can be lent to it.
  let lowestNice: Int
  /// It has waited long enough and has ended, or is about to; under the pool's lock.
  var hasRetired = false

  /// `manner`: the maker's, which threads inherit.
  init(_ kind: HelperThread.Kind, _ manner: ThreadManner, lingering: Int, lowestNice: Int) {
    self.kind = kind
    self.lingering = lingering
    patience = lingering
    thread = HelperThread(kind)
    self.manner = manner
    wanted = manner
    self.lowestNice = lowestNice
  }

  /// Starts the thread.
  func begin() throws(Errno) {
    try unsafe thread.start(of: self) { helper in
      unsafe Unmanaged<Helper>.fromOpaque(helper)._withUnsafeGuaranteedRef { $0.serve() }
    }
  }

  func awaitIntroduction() {
    while number.load() == 0 { number.wait(while: 0) }
  }

  /// What an idle helper is to run each time that it is called, in the caller's manner; how many nanoseconds it waits then to be
  /// called again.
  func prepare(_ manner: ThreadManner, lingering: Int, _ body: @escaping () -> Void) {
    self.body = body
    self.lingering = lingering
    wanted = manner
  }

  /// Lets an idle helper that has been prepared run its body once.
  func call() { tell(State.called) }

  private func tell(_ what: UInt32) {
    if state.exchange(what) == State.asleep { state.wake(1) }
  }

  /// Whether it has nothing to do: it has not been called, or its body has ended.
  var isIdle: Bool { State.isIdle(state.load()) }

  /// Takes the body back from a helper that has not woken up to it yet; false when it has begun.
  func takeBack() -> Bool {
    guard state.compareExchange(State.called, State.idle) else { return false }
    body = nil
    return true
  }

  /// Waits awake for the body's end for a moment; whether it has come.
  func hasEnded(spins: Int) -> Bool { state.spin(spins, until: State.isIdle) }

  /// Waits for the body's end.
  func awaitEnd() {
    while true {
      switch state.load() {
      case State.idle, State.asleep: return
      case State.working: _ = state.compareExchange(State.working, State.awaited)
      case let other: state.wait(while: other)
      }
    }
  }

  /// Lets go of the body, which has ended.
  func forget() { body = nil }

  /// Tells an idle helper to end.
  func dismiss() { tell(State.dismissed) }

  /// Whether it has waited long enough, and its thread is gone: one that has hardly a CPU to end on still needs this.
  var hasDeparted: Bool { hasRetired && HelperThread.isGone(Int(number.load())) }

  /// Waits until the thread, which has been dismissed, is gone.
  func awaitDeparture() { thread.join(Int(number.load())) }

  /// Binds an idle helper to `cpus`. A CPU may have gone since the plan was made: then it stays where it is, which costs speed
  /// and nothing else.
  func bind(to cpus: CPUSet) {
    if self.cpus == cpus && !hasMoved { return }
    self.cpus = apply(cpus) ? cpus : nil
    hasMoved = false
  }

  /// The helper's own thread goes to other CPUs.
  func move(to cpus: CPUSet) {
    _ = apply(cpus)
    hasMoved = true
  }

  private func apply(_ cpus: CPUSet) -> Bool {
    do throws(Errno) {
      try cpus.apply(toThread: Int(number.load()))
      return true
    } catch {
      return false
    }
  }

  /// R8: gives the helper another nice value; false where the kernel does not allow it.
  func renice(_ nice: Int) -> Bool {
    do throws(Errno) {
      try Priority.setNice(nice, ofThread: Int(number.load()))
      return true
    } catch {
      return false
    }
  }
}

/// What the helper's own thread does.
extension Helper {
  private func serve() {
    number.store(UInt32(DetachedThread.currentID))
    number.wake()
    while isWanted() { work() }
  }

  /// Waits for a body; false when the helper is to end, or there was none for a long time.
  private func isWanted() -> Bool {
    while true {
      if !state.spin(while: State.idle, HelperPool.spins), state.compareExchange(State.idle, State.asleep) {
        let isWoken = state.wait(while: State.asleep, nanoseconds: patience)
        if !isWoken && state.load() == State.asleep && HelperPool.shared.retire(self) {
          HelperThread.leave()
          return false
        }
        // woken for nothing, or claimed in this moment
        _ = state.compareExchange(State.asleep, State.idle)
      }
      switch state.load() {
      case State.dismissed: return false
      case State.idle: continue
      default: return true
      }
    }
  }

  private func work() {
    guard state.compareExchange(State.called, State.working) else { return }
    patience = lingering
    wanted.take(from: &manner)
    // the claimant lets go of it; and not through a generic function, for which it would be wrapped anew, on the heap
    if let body { body() }
    if state.exchange(State.idle) == State.awaited { state.wake() }
  }
}
