internal import LinuxSystem

/// The threads of one task: its caller and the helpers that it got.
struct Team: ~Copyable {
  private let helpers: [Helper]
  private let meeting = Meeting()

  /// Where the threads of a team wait for each other.
  private final class Meeting: Sendable {
    let gate = FutexWord(0)
    let running = FutexWord(0)
  }

  /// A team with up to `count` helpers.
  init(helpers count: Int) { helpers = count > 0 ? HelperPool.shared.claim(count) : [] }

  /// Threads, the caller among them.
  var threads: Int { helpers.count + 1 }

  /// Runs `work` on every thread with its number, the caller's being 0, and returns when all have
  /// returned; the nanoseconds that took. `place` and `work` get the thread's helper to place it.
  ///
  /// Every helper exists, is at its place and has been called before any thread may begin: creating a thread maps a
  /// stack, which would wait for memory work that is under way. Waking up maps nothing, so nobody waits for those that
  /// still do when the gate opens, at the beginning or, should nothing be left to do by then, at the end.
  func run(place: (Int, Helper) -> Void, work: @escaping (Int, Helper?) -> Void) -> UInt64 {
    for (index, helper) in helpers.enumerated() { place(index + 1, helper) }
    meeting.running.store(UInt32(helpers.count))
    for (index, helper) in helpers.enumerated() {
      helper.start { [meeting] in
        meeting.gate.await(1, spins: HelperPool.spins)
        work(index + 1, helper)
        meeting.running.countDown()
      }
    }
    let began = Clock.now()
    meeting.gate.store(1)
    if !helpers.isEmpty { meeting.gate.wake() }
    work(0, nil)
    for helper in helpers where helper.takeBack() { _ = meeting.running.decrement() }
    meeting.running.await(0, spins: HelperPool.spins)
    let nanoseconds = Clock.now() - began
    HelperPool.shared.giveBack(helpers)
    return nanoseconds
  }
}
