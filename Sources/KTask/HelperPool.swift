internal import Glibc
internal import LinuxSystem

/// A thread that works for one task after another, asleep in between.
final class Helper: @unchecked Sendable {
  // @unchecked: `job` and `cpus` belong to the claimant while the helper is idle and to the helper from the moment
  // when it takes the job; the word orders the two.
  private let hasJob = FutexWord(0)
  private var job: (() -> Void)?
  private var cpus: CPUSet?
  /// gettid(2); 0 until the thread runs.
  private let thread = FutexWord(0)

  /// Lets the helper run `job` once.
  func start(_ job: @escaping () -> Void) {
    self.job = job
    hasJob.store(1)
    hasJob.wake(1)
  }

  /// Takes the job back from a helper that has not woken up to it yet; false when it has begun.
  func takeBack() -> Bool {
    guard hasJob.compareExchange(1, 0) else { return false }
    job = nil
    return true
  }

  /// Binds the helper to `cpus`, awake or asleep. A CPU may have gone since the plan was made: then it stays where it
  /// is, which costs speed and nothing else.
  func place(on cpus: CPUSet) {
    if self.cpus == cpus { return }
    do throws(Errno) {
      try cpus.apply(toThread: Int(thread.load()))
      self.cpus = cpus
    } catch {
      self.cpus = nil
    }
  }
}

/// What the helper's own thread does.
extension Helper {
  fileprivate func introduce() {
    thread.store(UInt32(DetachedThread.currentID))
    thread.wake()
  }

  fileprivate func awaitIntroduction() {
    while thread.load() == 0 { thread.wait(while: 0) }
  }

  /// Waits for a job and does it; false when there was none for a long time.
  fileprivate func work() -> Bool {
    if !hasJob.spin(until: 1, HelperPool.spins) && hasJob.load() == 0 {
      if !hasJob.wait(while: 0, nanoseconds: HelperPool.idleNanoseconds) && hasJob.load() == 0 { return false }
    }
    if hasJob.compareExchange(1, 0) {
      // not with take(), whose generic result would be wrapped anew, on the heap
      let job = job
      self.job = nil
      job?()
    }
    return true
  }
}

/// Helpers kept from one task to the next, since creating a thread costs more than a small task.
///
/// They never outlive their use by much: an idle helper ends itself after a few seconds.
final class HelperPool: Sendable {
  static let shared = HelperPool()

  /// How long a helper that has nothing to do is kept.
  static let idleNanoseconds = 5_000_000_000
  /// Turns of the spin loop before sleeping, some tens of microseconds: back-to-back tasks find the helpers awake.
  static let spins = 1500

  private struct State {
    var idle: [Helper] = []
    var process = getpid()
  }
  private let state = Guarded(State())

  /// Up to `count` helpers, started where there are not enough; fewer when the system has no more threads.
  func claim(_ count: Int) -> [Helper] {
    var helpers = state.withLock { state in
      // a forked child has its parent's list, not its threads
      if state.process != getpid() { state = State() }
      let taken = Array(state.idle.suffix(count))
      state.idle.removeLast(taken.count)
      return taken
    }
    let known = helpers.count
    while helpers.count < count, let helper = startHelper() { helpers.append(helper) }
    for helper in helpers[known...] { helper.awaitIntroduction() }
    return helpers
  }

  /// Helpers waiting for work.
  var idleCount: Int { state.withLock { $0.idle.count } }

  /// Takes helpers back that have nothing to do any more. The next claim of as many gets them in the same order: with
  /// the same node tasks each is at its place already.
  func giveBack(_ helpers: [Helper]) { state.withLock { $0.idle += helpers } }

  private func startHelper() -> Helper? {
    let helper = Helper()
    do throws(Errno) {
      try DetachedThread.start("ktask helper") { self.serve(helper) }
    } catch {
      return nil
    }
    return helper
  }

  private func serve(_ helper: Helper) {
    helper.introduce()
    while helper.work() || !retire(helper) {}
  }

  /// A helper that is not in the list was claimed just now and must stay.
  private func retire(_ helper: Helper) -> Bool {
    state.withLock { state in
      guard let index = state.idle.firstIndex(where: { $0 === helper }) else { return false }
      state.idle.remove(at: index)
      return true
    }
  }
}
