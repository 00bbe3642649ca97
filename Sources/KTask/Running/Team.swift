internal import LinuxSystem

/// The threads of one task: its caller and the helpers that it got.
struct Team: ~Copyable {
  /// A few microseconds: what lending and taking back cost.
  private static let spinsBeforeLending = 100

  let helpers: [Helper]
  /// What they take of the caller's for this task.
  private let manner: ThreadManner?
  /// How long they wait for the next task, in nanoseconds; for ever where they are told to end.
  private let lingering: Int
  private let areKept: Bool
  private let gate = Gate()

  /// Where the threads of a team wait for the start.
  private final class Gate: Sendable {
    private let word = FutexWord(closed)
    private static let (closed, open, awaited) = (UInt32(0), UInt32(1), UInt32(2))

    /// Wakes those that sleep before it.
    func open() {
      if word.exchange(Self.open) == Self.awaited { word.wake() }
    }

    /// Waits until it is open: awake for a few microseconds first.
    func pass() {
      if word.spin(until: Self.open, HelperPool.spins) { return }
      while word.load() != Self.open {
        _ = word.compareExchange(Self.closed, Self.awaited)
        word.wait(while: Self.awaited)
      }
    }
  }

  /// A team with up to `count` helpers at a nice value, otherwise as `control` says and the calling thread is.
  init(helpers count: Int, nice: Int, _ control: TaskControl) {
    areKept = control.lingering > 0
    lingering = areKept ? Int(clamping: control.lingering) : .max
    if count == 0 {
      manner = nil
      helpers = []
      return
    }
    let kind = HelperThread.Kind(nice: nice, schedulingClass: .current(), stack: control.helperStack)
    let manner = ThreadManner.current()
    self.manner = manner
    helpers = HelperPool.shared.claim(count, kind, manner, lingering: lingering)
  }

  /// Threads, the caller among them.
  var threads: Int { helpers.count + 1 }

  /// The least nice value that every helper can be given; the caller's can be lent if it is no less.
  var lowestNice: Int { helpers.reduce(Priority.least) { max($0, $1.lowestNice) } }

  /// What came of a run.
  struct Result {
    var nanoseconds: UInt64
    /// Helpers that the caller's priority was lent to.
    var lent = 0
  }

  /// Runs `work` on every thread with its number, the caller's being 0, and returns when all have returned. `bind` and
  /// `work` get the thread's helper to bind it. `callersNice`: what to lend to unfinished helpers (R8); nil: nothing.
  /// Only helpers that are `first` begin; the others are ready to be called by `work`.
  ///
  /// Every helper exists, is bound and has been called before any thread may begin: creating a thread maps a
  /// stack, which would wait for memory work that is under way. Waking up maps nothing, so nobody waits for those that
  /// still do when the gate opens, at the beginning or, should nothing be left to do by then, at the end.
  func run(
    bind: (Int, Helper) -> Void, work: @escaping (Int, Helper?) -> Void, first: (Int) -> Bool,
    lending callersNice: Int?
  ) -> Result {
    for (index, helper) in helpers.enumerated() { bind(index + 1, helper) }
    for (index, helper) in helpers.enumerated() {
      guard let manner else { break }
      helper.prepare(manner, lingering: lingering) { [gate] in
        gate.pass()
        work(index + 1, helper)
      }
      if first(index + 1) { helper.call() }
    }
    let began = Clock.now()
    gate.open()
    work(0, nil)
    let lent = join(lending: callersNice)
    let nanoseconds = Clock.since(began)
    letGo(lending: callersNice)
    return Result(nanoseconds: nanoseconds, lent: lent)
  }

  /// R8: the caller sleeps from the moment that it lends, so that one helper at a time may run at its priority in its
  /// stead: it waits for that one, and then for the next.
  private func join(lending callersNice: Int?) -> Int {
    // all that have not begun, before any is waited for: there is nothing left that they could wake up to
    for helper in helpers { _ = helper.takeBack() }
    var lent = 0
    for helper in helpers where !helper.hasEnded(spins: Self.spinsBeforeLending) {
      let isLent = callersNice.map { helper.renice($0) } ?? false
      if isLent || !helper.hasEnded(spins: HelperPool.spins) { helper.awaitEnd() }
      if isLent {
        lent += 1
        _ = helper.renice(helper.kind.nice)
      }
    }
    return lent
  }

  /// Keeps the helpers for the next task, or ends them and waits for that: at the caller's priority, where it may be lent.
  private func letGo(lending callersNice: Int?) {
    for helper in helpers { helper.forget() }
    if areKept {
      if !helpers.isEmpty { HelperPool.shared.giveBack(helpers) }
      return
    }
    HelperPool.end(helpers, lending: callersNice)
  }
}
