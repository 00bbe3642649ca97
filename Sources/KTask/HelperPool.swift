internal import Glibc
internal import LinuxSystem

/// A thread that works for one task after another, asleep in between.
final class Helper: @unchecked Sendable {
  // @unchecked: `job` and `cpus` belong to the claimant while the helper is idle and to the helper from `start` on;
  // the word orders the two.
  fileprivate let hasJob = FutexWord(0)
  fileprivate var job: (() -> Void)?
  private var cpus: CPUSet?

  /// Lets the helper run `job` once; it is back in its pool when that returns, and calls `afterwards` then.
  func start(_ job: @escaping () -> Void) {
    self.job = job
    hasJob.store(1)
    hasJob.wake(1)
  }

  /// Binds the calling helper to `cpus`. A CPU may have gone since the plan was made: then it stays where it is,
  /// which costs speed and nothing else.
  func place(on cpus: CPUSet) {
    if self.cpus == cpus { return }
    do throws(Errno) {
      try cpus.apply()
      self.cpus = cpus
    } catch {
      self.cpus = nil
    }
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
    while helpers.count < count, let helper = startHelper() { helpers.append(helper) }
    return helpers
  }

  /// Helpers waiting for work.
  var idleCount: Int { state.withLock { $0.idle.count } }

  func giveBack(_ helper: Helper) { state.withLock { $0.idle.append(helper) } }

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
    while awaitJob(of: helper) {
      let job = helper.job.take()
      helper.hasJob.store(0)
      job?()
    }
  }

  /// False when there was none for so long that the helper left the pool.
  private func awaitJob(of helper: Helper) -> Bool {
    for _ in 0..<Self.spins {
      if helper.hasJob.load() == 1 { return true }
      FutexWord.spinPause()
    }
    while helper.hasJob.load() == 0 {
      let woken = helper.hasJob.wait(while: 0, nanoseconds: Self.idleNanoseconds)
      if !woken && retire(helper) { return false }
    }
    return true
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
