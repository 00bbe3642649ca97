internal import LinuxSystem

/// Helpers kept from one task to the next, since creating a thread costs more than a small task.
///
/// They never outlive their use by much: an idle helper ends itself after a while (`TaskControl.lingering`).
final class HelperPool: Sendable {
  static var shared: HelperPool { OnlyObject.helpers.get { HelperPool() } }

  /// Turns of the spin loop before sleeping, some tens of microseconds: back-to-back tasks find the helpers awake.
  static let spins = 1500

  private struct State {
    var idle: [Helper] = []
    let generation = Generation.current

    /// Up to `count` helpers of that kind, the last given back first, in the order in which they were given; nil: of any kind.
    mutating func take(_ count: Int, _ kind: HelperThread.Kind? = nil) -> [Helper] {
      var taken: [Helper] = []
      var index = idle.count
      while taken.count < count, index > 0 {
        index -= 1
        let isRight = kind == nil || idle[index].kind == kind
        if isRight && !idle[index].hasRetired { taken.append(idle.remove(at: index)) }
      }
      taken.reverse()
      return taken
    }

    /// Lets go of those whose threads are gone.
    mutating func forgetDeparted() {
      // mostly none: nothing is allocated to find that out
      if idle.contains(where: { $0.hasRetired }) { idle.removeAll { $0.hasDeparted } }
    }
  }
  private let state = Guarded(State())

  /// Up to `count` helpers of that kind, started where there are not enough; fewer when the system has no more threads.
  /// A new one waits for as many nanoseconds as it is said to linger.
  func claim(_ count: Int, _ kind: HelperThread.Kind, _ manner: ThreadManner, lingering: Int) -> [Helper] {
    var helpers = state.withLock { state in
      // a forked child has its parent's list, not its threads
      if state.generation != Generation.current { state = State() }
      state.forgetDeparted()
      return state.take(count, kind)
    }
    let known = helpers.count
    while helpers.count < count, let helper = startHelper(kind, manner, lingering) { helpers.append(helper) }
    for helper in helpers[known...] { helper.awaitIntroduction() }
    return helpers
  }

  /// Takes helpers back that have nothing to do any more. The next claim of as many gets them in the same order: with
  /// the same node tasks each is bound already.
  func giveBack(_ helpers: [Helper]) { state.withLock { $0.idle += helpers } }

  /// Ends helpers that have nothing to do, and returns when their threads are gone: at nice value `lent` where there is one, since
  /// who sleeps at nice 19 hardly gets a CPU to end on.
  /// One after the other, as long as the value is lent (R8).
  static func end(_ helpers: [Helper], lending lent: Int?) {
    var left: [Helper] = []
    for helper in helpers {
      let isLent = lent.map { helper.lowestNice <= $0 && helper.renice($0) } ?? false
      helper.dismiss()
      if isLent { helper.awaitDeparture() } else { left.append(helper) }
    }
    for helper in left { helper.awaitDeparture() }
  }

  /// Ends all that wait for a task.
  func endIdle(lending lent: Int?) {
    let idle = state.withLock { state in
      if state.generation != Generation.current { state = State() }
      return state.take(.max)
    }
    Self.end(idle, lending: lent)
    // and those that are just ending by themselves; what takes a tenth of a second is another thread with the number of one
    for _ in 0..<100 where hasRetiring { Clock.sleep(milliseconds: 1) }
  }

  private var hasRetiring: Bool {
    state.withLock { state in
      state.forgetDeparted()
      return state.idle.contains { $0.hasRetired }
    }
  }

  private func startHelper(_ kind: HelperThread.Kind, _ manner: ThreadManner, _ lingering: Int) -> Helper? {
    let helper = Helper(kind, manner, lingering: lingering, lowestNice: Priority.lowestNice)
    do throws(Errno) {
      try helper.begin()
    } catch {
      return nil
    }
    return helper
  }

  /// Lets a helper end that has waited for long; false for one that is not in the list: it was claimed just now and must stay.
  /// It stays in the list until somebody else lets go of it.
  func retire(_ helper: Helper) -> Bool {
    state.withLock { state in
      if !state.idle.contains(where: { $0 === helper }) { return false }
      helper.hasRetired = true
      return true
    }
  }
}
