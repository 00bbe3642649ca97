import LinuxSystem
import TestSupport
import Testing

@testable import KTask

/// What must hold of taking, moving, lending, failing, cancelling and ending, whoever comes first.
@Suite("In every order of events", .enabled(if: Priority.lowestNice <= 0, "needs CAP_SYS_NICE to lend"))
struct SeededOrderTests {
  @Test(
    "no chunk is lost or done twice, no two helpers have the caller's priority, and the task ends", arguments: 0..<160)
  func holds(seed: Int) throws {
    let made = SeededTask(seed: seed)
    let (outcome, record, door) = try made.run()
    #expect(door.mostLent <= (made.lends ? 1 : 0))
    #expect(outcome.lent <= (made.lends ? made.threads - 1 : 0))
    expectEachUnitOnce(record, made.nodeTasks, outcome)
    if outcome.end != .finished { expectUndone(outcome, record, made.nodeTasks) }
    #expect((outcome.end == .failed) == !record.events.failed.isEmpty)
  }

  @Test("a seed gives one order, and the same one again", arguments: 0..<24)
  func comesBack(seed: Int) throws {
    let (first, second) = try (SeededTask(seed: seed).run(), SeededTask(seed: seed).run())
    #expect(first.door.steps == second.door.steps)
    #expect(first.outcome.threads.map(\.units) == second.outcome.threads.map(\.units))
    #expect(first.record.events.undone == second.record.events.undone)
  }

  private func expectEachUnitOnce(_ record: Record, _ tasks: [NodeTask<Int>], _ outcome: TaskOutcome<Int, Trouble>) {
    let done = (record.events.finished + record.events.failed).flatMap(Array.init)
    #expect(Set(done).count == done.count)
    #expect(Set(done).isSubset(of: tasks.flatMap(\.units)))
    if outcome.end == .finished { #expect(done.sorted() == tasks.flatMap(\.units).sorted()) }
  }
}

/// A task made from a seed, with what goes wrong in it, and the order in which its threads go on.
private struct SeededTask: Sendable {
  let seed: Int
  private let sizes: [Int]
  private let nodes: [Int?]
  let plot: Plot
  /// Threads: as many as asked for, or as there are units.
  let threads: Int
  let lends: Bool

  init(seed: Int) {
    self.seed = seed
    var random = SplitMix64(seed: 7_000_000 + seed)
    let sizes = (0..<random.number(1...4)).map { _ in random.one(of: [0, 3, 9, 17]) }
    nodes = sizes.map { _ in random.one(of: [0, 1, 2, nil]) }
    self.sizes = sizes
    let units = sizes.indices.flatMap { 100 * $0..<100 * $0 + sizes[$0] }
    plot = Plot(random.number(0...3), units: units, &random)
    threads = min(random.number(2...5), max(1, units.count))
    lends = random.number(0...4) > 0
  }

  var nodeTasks: [NodeTask<Int>] {
    sizes.indices.map { NodeTask(start: 100 * $0, size: sizes[$0], node: nodes[$0]) }
  }

  typealias Result = (outcome: TaskOutcome<Int, Trouble>, record: Record, door: Turnstile)

  func run() throws -> Result {
    let door = Turnstile()
    let ordered = Turnstile.Task(
      units: sizes.reduce(0, +), threads: threads, lends: lends, isStopped: plot.stops)
    let keeper = try OwnThread { [seed] in door.keepDoor(ordered, seed: seed) }
    let caller = try OwnThread { [self] in try? runOnThisThread(door) }
    let (outcome, record) = try #require(caller.join())
    keeper.join()
    return (outcome, record, door)
  }

  private func runOnThisThread(_ door: Turnstile) throws -> (TaskOutcome<Int, Trouble>, Record) {
    let monitor = TaskMonitor()
    let work = RecordedWork { [plot] chunk throws(Trouble) in
      door.pass(with: chunk)
      if chunk.contains(where: plot.cancels.contains) { monitor.cancel() }
      if chunk.contains(where: plot.fails.contains) { throw Trouble(position: chunk.lowerBound) }
    }
    var control = TaskControl.madeUp(threads: .exactly(threads))
    control.maximumChunk = 2
    control.lendsPriority = lends
    // below the caller's, and on a busy machine not for long without a CPU
    control.helpersNice = 1
    return (try control.run(GatedWork(work: work, door: door), nodeTasks: nodeTasks, monitor: monitor), work.record)
  }
}

/// Recorded work whose threads pass the door before they look for chunks, too.
struct GatedWork: TaskWork {
  let work: RecordedWork
  let door: Turnstile
  var iterator: IntegerIterator<Int> { work.iterator }

  func run(from start: Int, to end: Int) throws(Trouble) { try work.run(from: start, to: end) }
  func undo(from start: Int, to end: Int) { work.undo(from: start, to: end) }

  func _drain(
    _ queue: borrowing ChunkQueue<IntegerIterator<Int>>, _ record: UnsafeMutablePointer<ThreadRecord<Int, Trouble>>,
    _ stop: UnsafePointer<StopFlag>
  ) {
    unsafe door.pass(record, stop)
    unsafe work._drain(queue, record, stop)
  }
}

/// What goes wrong in a task: nothing, a failure, several, or a cancellation.
private struct Plot: Sendable {
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

  /// Whether a chunk makes the task stop.
  @Sendable func stops(_ chunk: Range<Int>) -> Bool { chunk.contains { fails.contains($0) || cancels.contains($0) } }
}
