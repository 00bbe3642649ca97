import LinuxSystem
import Synchronization
import Testing

@testable import KTask

/// R4: limits on helpers, over all tasks that share a budget.
@Suite("A budget of helpers")
struct BudgetTests {
  @Test(
    "bounds a task's helpers, and is named when it does",
    arguments: [(0, 1), (1, 2), (2, 3), (7, 8), (14, 15), (15, 16), (100, 16)])
  func boundsHelpers(limit: Int, threads: Int) throws {
    let budget = HelperBudget(limit: limit, nodeLimits: [0: 16])
    let outcome = try TaskControl.madeUp(budget: budget).run(RecordedWork(), start: 0, size: 1000)
    #expect(outcome.threads.count == threads)
    #expect(outcome.bounds.contains(Bound(.helperLimit, limit + 1)))
    #expect(budget.left == limit)
  }

  @Test("gives way to an explicit request, counts its helpers all the same, and is named")
  func givesWay() throws {
    let budget = HelperBudget(limit: 2, nodeLimits: [:])
    let everyone = Rendezvous(6)
    let counts = Guarded<[Int]>([])
    let work = RecordedWork { _ in
      everyone.meet()
      counts.withLock { $0 += [budget.running(), budget.left] }
    }
    let outcome = try TaskControl.madeUp(threads: .exactly(6), budget: budget).run(work, start: 0, size: 6)
    #expect(outcome.threads.count == 6)
    #expect(outcome.exceededBounds == [Bound(.helperLimit, 3)])
    #expect(counts.withLock { Set($0) } == [5, 0])
    #expect(budget.running() == 0)
  }

  @Test("counts a helper on no node once the node's limit is reached: it may run anywhere")
  func limitsNodes() throws {
    let budget = HelperBudget(limit: 10, nodeLimits: [0: 2, 1: 1])
    let first = try #require(budget.heldPermit(on: 0))
    let second = try #require(budget.heldPermit(on: 0))
    let third = try #require(budget.heldPermit(on: 0))
    let unknown = try #require(budget.heldPermit(on: 7))
    let nowhere = try #require(budget.heldPermit(on: nil))
    #expect([first, second, third, unknown, nowhere].map(\.node) == [0, 0, nil, nil, nil])
    #expect([budget.running(), budget.running(on: 0), budget.running(on: 1)] == [5, 2, 0])
  }

  @Test("looks up the new node's limit when a helper moves, and gives back the old node's")
  func movesHelpers() throws {
    let budget = HelperBudget(limit: 10, nodeLimits: [0: 1, 1: 1])
    let first = try #require(budget.heldPermit(on: 0))
    let second = try #require(budget.heldPermit(on: nil))
    second.move(to: 0)
    #expect(second.node == nil)
    second.move(to: 1)
    #expect(second.node == 1)
    first.move(to: 1)
    #expect(first.node == nil)
    #expect([budget.running(on: 0), budget.running(on: 1)] == [0, 1])
    second.move(to: nil)
    first.move(to: 1)
    first.move(to: 1)
    #expect([budget.running(), budget.running(on: 0), budget.running(on: 1)] == [2, 0, 1])
  }

  @Test("has every permit back when the helpers are gone")
  func getsPermitsBack() throws {
    let budget = HelperBudget(limit: 3, nodeLimits: [0: 2])
    var permits = [0, 0, 0].map { budget.heldPermit(on: $0) }
    #expect(budget.heldPermit(on: nil) == nil)
    permits[1]?.move(to: nil)
    permits = []
    #expect([budget.running(), budget.running(on: 0), budget.left] == [0, 0, 3])
  }

  @Test("has every permit back right after a task, however it ended", arguments: 0..<100)
  func getsPermitsBackAfterTasks(turn: Int) throws {
    let monitor = TaskMonitor()
    let budget = HelperBudget(limit: 4, nodeLimits: [0: 1, 1: 2])
    let work = RecordedWork { chunk throws(Trouble) in
      if turn % 3 == 1 { monitor.cancel() }
      if turn % 3 == 2 { throw Trouble(position: chunk.lowerBound) }
    }
    let tasks = [0, 1, nil].enumerated().map { NodeTask(start: $0 * 1000, size: 20, node: $1) }
    let outcome = try TaskControl.madeUp(budget: budget).run(work, nodeTasks: tasks, monitor: monitor)
    #expect(outcome.threads.count == 5)
    #expect([budget.running(), budget.running(on: 0), budget.running(on: 1)] == [0, 0, 0])
  }

  /// What helpers keep of a task a moment longer than it lasts must not be their permits.
  @Test("has every permit back before the next task, thousands of times")
  func getsPermitsBackInTime() throws {
    let budget = HelperBudget(limit: 3, nodeLimits: [0: 3])
    let control = TaskControl.madeUp(budget: budget)
    var late = 0
    for _ in 0..<3000 {
      let outcome = try control.run(RecordedWork(), start: 0, size: 16)
      if outcome.threads.count != 4 || budget.running() != 0 { late += 1 }
    }
    #expect(late == 0)
  }

  @Test("holds over tasks that run at the same time, none of which ever waits for it")
  func isShared() throws {
    let budget = HelperBudget(limit: 5, nodeLimits: [0: 2, 1: 1, 2: 1])
    let most = Atomic<Int>(0)
    let body: @Sendable (Range<Int>) -> Void = { _ in
      most.max(budget.running(), ordering: .relaxed)
      most.max(budget.running(on: 0) > 2 || budget.running(on: 1) > 1 ? 99 : 0, ordering: .relaxed)
    }
    let callers = try (0..<5).map { caller in
      try OwnThread {
        (0..<50).allSatisfy { turn in
          let tasks = [0, 1, 2, nil].map { NodeTask(start: 0, size: 30 * turn % 70, node: $0) }
          let outcome = try? TaskControl.madeUp(budget: budget).run(RecordedWork(body), nodeTasks: tasks)
          return outcome?.end == .finished && outcome!.threads.count <= 6
        }
      }
    }
    #expect(callers.map { $0.join() } == Array(repeating: true, count: 5))
    #expect((1...5).contains(most.load(ordering: .relaxed)))
    #expect([budget.running(), budget.running(on: 0), budget.running(on: 1)] == [0, 0, 0])
  }
}
