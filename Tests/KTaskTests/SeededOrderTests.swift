import Glibc
import LinuxSystem
import Testing

@testable import KTask

/// Lets threads go on one at a time, in an order that a seed gives: the real engine's interleavings, of which a free run
/// shows only the likeliest.
private final class Turnstile: Sendable {
  private struct State {
    var random: SplitMix64
    var waiting: [(thread: Int, turn: Event)] = []
    /// Helpers in a chunk, and the most that had the caller's nice value at the same time.
    var helpers: Set<Int> = []
    var mostLent = 0
    var isOver = false
  }
  private let state: Guarded<State>
  private let caller: Int

  init(seed: Int, caller: Int) {
    state = Guarded(State(random: SplitMix64(seed: seed)))
    self.caller = caller
  }

  /// Waits for the thread's turn.
  func pass() {
    let turn = Event()
    let thread = DetachedThread.currentID
    state.withLock { state in
      state.waiting.append((thread, turn))
      if thread != caller { state.helpers.insert(thread) }
    }
    turn.wait()
  }

  func leave() {
    let thread = DetachedThread.currentID
    _ = state.withLock { $0.helpers.remove(thread) }
  }

  var mostLent: Int { state.withLock { $0.mostLent } }
  func end() { state.withLock { $0.isOver = true } }

  /// The doorkeeper's part: a turn for one of those that wait, once nobody has come for a moment.
  func keepDoor() {
    var before = -1
    while true {
      usleep(60)
      let turn: Event?? = state.withLock { state in
        if state.isOver && state.waiting.isEmpty { return nil }
        if state.waiting.isEmpty || state.waiting.count != before {
          before = state.waiting.count
          return .some(nil)
        }
        before = -1
        return state.waiting.remove(at: state.random.number(0...state.waiting.count - 1)).turn
      }
      guard let turn else { return }
      look()
      turn?.happen()
    }
  }

  /// Counts the loans. A second look at the first tells two at once from one after the other.
  private func look() {
    let helpers = state.withLock { $0.helpers }
    let isLent = { (thread: Int) in (try? Priority.nice(ofThread: thread)) == 0 }
    let lent = helpers.filter(isLent)
    let count = lent.count < 2 ? lent.count : lent.count(where: isLent)
    state.withLock { $0.mostLent = max($0.mostLent, count) }
  }
}

/// What must hold of taking, moving, lending, failing, cancelling and ending, whoever comes first.
@Suite("In every order of events", .enabled(if: Priority.lowestNice <= 0, "needs CAP_SYS_NICE to lend"))
struct SeededOrderTests {
  @Test(
    "no chunk is lost or done twice, no two helpers have the caller's priority, and the task ends", arguments: 0..<160)
  func holds(seed: Int) throws {
    var random = SplitMix64(seed: 7_000_000 + seed)
    let sizes = (0..<random.number(1...4)).map { _ in random.one(of: [0, 3, 9, 17]) }
    let nodes: [Int?] = sizes.map { _ in random.one(of: [0, 1, 2, nil]) }
    let makeTasks = { @Sendable in
      sizes.indices.map { NodeTask(start: 100 * $0, size: sizes[$0], node: nodes[$0]) }
    }
    let tasks = makeTasks()
    let plot = Plot(random.number(0...3), units: tasks.flatMap(\.units), &random)
    let threads = random.number(2...5)
    let lends = random.number(0...4) > 0
    let monitor = TaskMonitor()

    let thread = try OwnThread { () -> (TaskOutcome<Int, Trouble>?, Record, Int) in
      let door = Turnstile(seed: seed, caller: DetachedThread.currentID)
      let keeper = try? OwnThread { door.keepDoor() }
      let work = RecordedWork { chunk throws(Trouble) in
        door.pass()
        defer { door.leave() }
        if chunk.contains(where: plot.cancels.contains) { monitor.cancel() }
        if chunk.contains(where: plot.fails.contains) { throw Trouble(position: chunk.lowerBound) }
      }
      var control = TaskControl.madeUp(threads: .exactly(threads))
      control.maximumChunk = 2
      control.lendsPriority = lends
      let outcome = try? control.run(work, nodeTasks: makeTasks(), monitor: monitor)
      door.end()
      keeper?.join()
      return (outcome, work.record, door.mostLent)
    }
    let (found, record, mostLent) = thread.join()
    let outcome = try #require(found)
    #expect(mostLent <= (lends ? 1 : 0))
    #expect(outcome.lent <= (lends ? threads - 1 : 0))
    expectEachUnitOnce(record, tasks, outcome)
    if outcome.end != .finished { expectUndone(outcome, record, tasks) }
    #expect((outcome.end == .failed) == !record.events.failed.isEmpty)
  }

  private func expectEachUnitOnce(_ record: Record, _ tasks: [NodeTask<Int>], _ outcome: TaskOutcome<Int, Trouble>) {
    let done = (record.events.finished + record.events.failed).flatMap(Array.init)
    #expect(Set(done).count == done.count)
    #expect(Set(done).isSubset(of: tasks.flatMap(\.units)))
    if outcome.end == .finished { #expect(done.sorted() == tasks.flatMap(\.units).sorted()) }
  }
}

/// What goes wrong in a task: nothing, a failure, several, or a cancellation.
private struct Plot {
  var fails: Set<Int> = []
  var cancels: Set<Int> = []

  init(_ kind: Int, units: [Int], _ random: inout SplitMix64) {
    if units.isEmpty { return }
    switch kind {
    case 1: fails = [random.one(of: units)]
    case 2: fails = [random.one(of: units), random.one(of: units)]
    case 3: cancels = [random.one(of: units)]
    default: break
    }
  }
}
