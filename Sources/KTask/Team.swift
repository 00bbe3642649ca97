internal import LinuxSystem

/// The threads of one task: its caller and the helpers that it got.
struct Team: ~Copyable {
  private let helpers: [Helper]
  private let meeting = Meeting()

  /// Where the threads of a team wait for each other.
  private final class Meeting: Sendable {
    let notReady = FutexWord(0)
    let gate = FutexWord(0)
    let running = FutexWord(0)
  }

  /// A team with up to `count` helpers.
  init(helpers count: Int) { helpers = count > 0 ? HelperPool.shared.claim(count) : [] }

  /// Threads, the caller among them.
  var threads: Int { helpers.count + 1 }

  /// Runs `work` on every thread with its number, the caller's being 0, and returns when all have
  /// returned; the nanoseconds that took.
  ///
  /// Every helper exists and has done `prepare` before any thread starts to work: creating a thread maps a stack,
  /// which would wait for memory work that is under way. `prepare` and `work` get the thread's helper to place it.
  func run(
    prepare: @escaping (Int, Helper) -> Void, work: @escaping (Int, Helper?) -> Void
  ) -> UInt64 {
    meeting.notReady.store(UInt32(helpers.count))
    meeting.running.store(UInt32(helpers.count))
    for (index, helper) in helpers.enumerated() {
      helper.start { [meeting] in
        prepare(index + 1, helper)
        meeting.notReady.countDown()
        meeting.gate.await(1, spins: HelperPool.spins)
        work(index + 1, helper)
        HelperPool.shared.giveBack(helper)
        meeting.running.countDown()
      }
    }
    meeting.notReady.await(0, spins: HelperPool.spins)
    let began = Clock.now()
    meeting.gate.store(1)
    if !helpers.isEmpty { meeting.gate.wake() }
    work(0, nil)
    meeting.running.await(0, spins: HelperPool.spins)
    return Clock.now() - began
  }
}
