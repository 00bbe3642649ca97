internal import LinuxSystem

/// Helpers kept from one task to the next, since creating a thread costs more than a small task.
///
/// They never outlive their use by much: an idle helper ends itself after a few seconds.
final class HelperPool: Sendable {
  static var shared: HelperPool { OnlyObject.helpers.get { HelperPool() } }

  /// How long a helper that has nothing to do is kept.
  static let idleNanoseconds = 5_000_000_000
  /// Turns of the spin loop before sleeping, some tens of microseconds: back-to-back tasks find the helpers awake.
  static let spins = 1500

  private struct State {
    var idle: [Helper] = []
    let generation = Generation.current

    /// Up to `count` helpers of that nice value, the last given back first, in the order in which they were given.
    mutating func take(_ count: Int, nice: Int) -> [Helper] {
      var taken: [Helper] = []
      var index = idle.count
      while taken.count < count, index > 0 {
        index -= 1
        if idle[index].nice == nice { taken.append(idle.remove(at: index)) }
      }
      taken.reverse()
      return taken
    }
  }
  private let state = Guarded(State())

  /// Up to `count` helpers at that nice value, started where there are not enough; fewer when the system has no more
  /// threads.
  func claim(_ count: Int, nice: Int) -> [Helper] {
    var helpers = state.withLock { state in
      // a forked child has its parent's list, not its threads
      if state.generation != Generation.current { state = State() }
      return state.take(count, nice: nice)
    }
    let known = helpers.count
    while helpers.count < count, let helper = startHelper(nice) { helpers.append(helper) }
    for helper in helpers[known...] { helper.awaitIntroduction() }
    return helpers
  }

  /// Takes helpers back that have nothing to do any more. The next claim of as many gets them in the same order: with
  /// the same node tasks each is bound already.
  func giveBack(_ helpers: [Helper]) { state.withLock { $0.idle += helpers } }

  private func startHelper(_ nice: Int) -> Helper? {
    let helper = Helper(nice: nice, lowestNice: Priority.lowestNice)
    do throws(Errno) {
      try DetachedThread.start("ktask helper", nice: nice) { self.serve(helper) }
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
