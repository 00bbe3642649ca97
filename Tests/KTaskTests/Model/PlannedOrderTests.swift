import LinuxSystem
import Testing

@testable import KTask

/// The model against the engine itself, whose threads are made to go on in the model's order.
@Suite("The engine does what its model does", .enabled(if: Priority.lowestNice <= 0, "needs CAP_SYS_NICE to lend"))
struct PlannedOrderTests {
  @Test("whoever comes first, fails, or cancels", arguments: 0..<80)
  func follows(seed: Int) throws { try follow(PlannedOrder(EngineModel(), seed: seed)) }

  @Test("and whoever is let rest, and called again", arguments: 0..<80)
  func rests(seed: Int) throws { try follow(PlannedOrder(EngineModel(findsKnee: true), seed: 1000 + seed)) }

  @Test("in orders that have everything in them")
  func hasEverything() {
    let orders = (0..<80).map { PlannedOrder(EngineModel(findsKnee: true), seed: 1000 + $0) }
    #expect(orders.contains { $0.state.failures > 1 } && orders.contains { $0.state.isCancelled })
    let hasReturned = orders.count { order in
      order.turns.indices.contains { index in
        order.turns[index].idle.contains { helper in
          order.turns[index...].dropFirst().contains { $0.step.thread == helper }
        }
      }
    }
    #expect(hasReturned > 10, "\(hasReturned) have a helper that rested and was called again")
  }

  private func follow(_ order: PlannedOrder) throws {
    let door = Turnstile()
    let keeper = try OwnThread { door.keepDoor(order.turns) }
    let caller = try OwnThread { try? run(order, door) }
    let (outcome, events) = try #require(caller.join())
    keeper.join()
    #expect(door.steps == order.turns.map(\.step))
    #expect(door.mostLent <= 1)

    let fates = order.state.fates
    let all = { (fate: EngineModel.Fate) in fates.indices.filter { fates[$0] == fate }.map { $0..<$0 + 1 } }
    let inOrder = { (one: Range<Int>, other: Range<Int>) in one.lowerBound < other.lowerBound }
    #expect(events.finished.sorted(by: inOrder) == all(.done))
    #expect(events.failed.sorted(by: inOrder) == all(.failed))
    let isFinished = outcome.end == .finished
    #expect(events.undone == (isFinished ? [] : maximalRuns(all(.done), in: nodeTasks(order))))
    #expect(isFinished == (all(.done).count == fates.count))
    #expect((outcome.end == .failed) == (order.state.failures > 0))
  }

  private func nodeTasks(_ order: PlannedOrder) -> [NodeTask<Int>] {
    order.state.queues.map { NodeTask(start: $0.chunks.lowerBound, size: $0.chunks.count, node: nil) }
  }

  private func run(
    _ order: PlannedOrder, _ door: Turnstile
  ) throws -> (TaskOutcome<Int, Trouble>, Record.Events) {
    let monitor = TaskMonitor()
    let findsKnee = order.model.findsKnee
    let work = RecordedWork { chunk throws(Trouble) in
      door.pass(with: chunk)
      // long enough for a report
      let began = Clock.now()
      while findsKnee && Clock.since(began) < 300_000 {}
      if order.cancels.map(chunk.contains) == true { monitor.cancel() }
      if order.fails.contains(chunk.lowerBound) { throw Trouble(position: chunk.lowerBound) }
    }
    var control = TaskControl.madeUp(threads: findsKnee ? .atMost(3) : .exactly(3))
    control.maximumChunk = 1
    control.helpersNice = 1
    control.findsKnee = findsKnee
    if findsKnee {
      control.chunkTime = ChunkTime(shortest: 1, longest: 2)
      control.shifts = { order.shifts[$0 - 1] }
    }
    let outcome = try control.run(GatedWork(work: work, door: door), nodeTasks: nodeTasks(order), monitor: monitor)
    return (outcome, work.record.events)
  }
}
