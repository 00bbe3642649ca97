import KTask
import LinuxSystem
import Synchronization
import TestSupport
import Testing

/// R5 and R6. Units that may be undone are those that a thread finished: neither a failed chunk's (it cleans up
/// after itself) nor those that nobody began.
@Suite("After a failure")
struct UndoTests {
  @Test("exactly the finished chunks are undone, in order, wherever the failures were", arguments: 0..<300)
  func onRandomTasks(seed: Int) throws {
    let task = RandomTask(seed: seed)
    if task.size == 0 { return }
    var random = SplitMix64(seed: ~seed & 0xFFFF)
    let units = task.nodeTasks.flatMap(\.units)
    let bad = Set((0..<random.number(1...6)).map { _ in random.one(of: units) })
    let work = RecordedWork { chunk throws(Trouble) in
      if chunk.contains(where: bad.contains) { throw Trouble(position: chunk.lowerBound) }
    }
    let outcome = try task.control.run(work, nodeTasks: task.nodeTasks)
    #expect(outcome.end == .failed)
    #expect(!outcome.failures.isEmpty)
    expectUndone(outcome, work.record, task.nodeTasks)
    #expect(task.control.budget.running() == 0)
  }

  @Test("at any chunk everything before and after it is undone, once", arguments: 0..<24)
  func atAnyChunk(chunk: Int) throws {
    let tasks = [NodeTask(start: 0, size: 8, node: 1), .init(start: 20, size: 0), .init(start: 30, size: 16, node: 0)]
    let bad = tasks.flatMap(\.units)[chunk]
    for threads in 1...4 {
      let work = RecordedWork { chunk throws(Trouble) in
        if chunk.contains(bad) { throw Trouble(position: chunk.lowerBound) }
      }
      var control = TaskControl.madeUp(threads: .exactly(threads))
      control.maximumChunk = 1
      let outcome = try control.run(work, nodeTasks: tasks)
      #expect(outcome.end == .failed)
      #expect(outcome.failures.map(\.start) == [bad])
      expectUndone(outcome, work.record, tasks)
    }
  }

  /// Every thread holds one chunk when some of them fail: each pattern of failures, without luck.
  @Test("of any of four threads, the chunks of the others are undone", arguments: 1..<16)
  func ofAnyThread(failing: Int) throws {
    let everyone = Rendezvous(4)
    let work = RecordedWork { chunk throws(Trouble) in
      everyone.meet()
      if failing & 1 << chunk.lowerBound != 0 { throw Trouble(position: chunk.lowerBound) }
    }
    let tasks = [NodeTask(start: 0, size: 2, node: 0), NodeTask(start: 2, size: 2, node: 1)]
    let outcome = try TaskControl.madeUp(threads: .exactly(4)).run(work, nodeTasks: tasks)
    #expect(outcome.failures.count == failing.nonzeroBitCount)
    expectUndone(outcome, work.record, tasks)
  }

  @Test("of all threads at once nothing is undone, and no more chunks are handed out")
  func ofAllThreads() throws {
    let everyone = Rendezvous(4)
    let work = RecordedWork { chunk throws(Trouble) in
      everyone.meet()
      throw Trouble(position: chunk.lowerBound)
    }
    let outcome = try TaskControl.madeUp(threads: .exactly(4)).run(work, start: 0, size: 1000)
    #expect(outcome.failures.count == 4)
    #expect(outcome.unitsDone == 0)
    #expect(work.record.events.undone.isEmpty)
  }

  @Test("a chunk that is being worked on finishes and is undone, and no other is handed out")
  func whileAnotherWorks() throws {
    let everyone = Rendezvous(2)
    let caller = DetachedThread.currentID
    let failing = Atomic<Int>(0)
    let work = RecordedWork { chunk throws(Trouble) in
      everyone.meet()
      if DetachedThread.currentID != caller {
        failing.store(DetachedThread.currentID, ordering: .releasing)
        throw Trouble(position: chunk.lowerBound)
      }
      waitUntilFailed(in: failing)
    }
    let outcome = try TaskControl.madeUp(threads: .exactly(2)).run(work, start: 0, size: 1000)
    #expect(outcome.threads.map(\.chunks) == [1, 0])
    expectUndone(outcome, work.record, [NodeTask(start: 0, size: 1000)])
  }

  @Test("the first in time is reported first")
  func firstFirst() throws {
    let outcome = try TaskControl.madeUp(threads: .exactly(4)).run(FailureInTurn(), start: 0, size: 1000)
    #expect(outcome.failures.map(\.error) == [0, 1, 2, 3].map(FailureInTurn.Turn.init))
  }
}

/// Waits until the helper that put its number into `thread` just before it threw sleeps: then the engine has noted
/// its failure.
private func waitUntilFailed(in thread: borrowing Atomic<Int>) {
  while thread.load(ordering: .acquiring) == 0 { FutexWord.spinPause() }
  waitUntilAsleep(thread: thread.load(ordering: .acquiring))
}

/// Work for four threads, all of which fail, one after the other: the helpers first, since one can see them sleep
/// afterwards, and the caller last.
private final class FailureInTurn: TaskWork {
  struct Turn: Error, Equatable { var turn: Int }

  let iterator = IntegerIterator<Int>()
  private let caller = DetachedThread.currentID
  private let everyone = Rendezvous(4)
  private let turns = Atomic<Int>(0)
  private let first = Atomic<Int>(0)
  private let second = Atomic<Int>(0)
  private let third = Atomic<Int>(0)

  func run(from start: Int, to end: Int) throws(Turn) {
    everyone.meet()
    let thread = DetachedThread.currentID
    let turn = thread == caller ? 3 : turns.add(1, ordering: .relaxed).oldValue
    if turn > 0 { waitUntilFailed(in: first) }
    if turn > 1 { waitUntilFailed(in: second) }
    if turn > 2 { waitUntilFailed(in: third) }
    switch turn {
    case 0: first.store(thread, ordering: .releasing)
    case 1: second.store(thread, ordering: .releasing)
    default: third.store(thread, ordering: .releasing)
    }
    throw Turn(turn: turn)
  }
}
