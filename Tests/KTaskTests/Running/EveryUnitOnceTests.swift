import KTask
import LinuxSystem
import Testing

/// The engine's first promise, on random tasks: contents are checked, not speed (nobody noticed that the kernel's
/// version left the end of every chunk out).
@Suite("Every unit is done exactly once")
struct EveryUnitOnceTests {
  @Test("in random tasks, whatever their sizes, starts, nodes and threads", arguments: 0..<400)
  func onRandomTasks(seed: Int) throws {
    let task = RandomTask(seed: seed)
    let counts = UnitCounts(task.end)
    let work = RecordedWork { counts.add($0) }
    let outcome = try task.control.run(work, nodeTasks: task.nodeTasks)

    #expect(counts.all == task.expectedCounts)
    #expect(outcome.end == .finished)
    #expect(outcome.failures.isEmpty)
    #expect(outcome.unitsUndone == 0)
    #expect(work.record.events.undone.isEmpty)
    expectThreadsAddUp(outcome, task, work.record.events.finished)
    expectChunksFit(outcome.chunk, task, work.record.events.finished)
    #expect(task.control.budget.running() == 0)
  }

  private func expectThreadsAddUp(
    _ outcome: TaskOutcome<Int, Trouble>, _ task: RandomTask, _ chunks: [Range<Int>]
  ) {
    #expect(outcome.unitsDone == task.size)
    #expect(outcome.threads.reduce(0) { $0 + $1.units } == task.size)
    #expect(outcome.threads.reduce(0) { $0 + $1.chunks } == chunks.count)
    #expect(outcome.threads.map(\.isHelper) == outcome.threads.indices.map { $0 > 0 })
    #expect(outcome.threads.allSatisfy { $0.seconds >= 0 && $0.seconds <= outcome.seconds })
    if case .exactly(let count) = task.control.threads { #expect(outcome.threads.count <= count) }
    if !task.control.isEnabled { #expect(outcome.threads.count <= 1) }
  }

  private func expectChunksFit(_ chunk: Int, _ task: RandomTask, _ chunks: [Range<Int>]) {
    #expect(chunks.allSatisfy { !$0.isEmpty && $0.count <= chunk })
    #expect(chunks.allSatisfy { task.isProperEnd($0.upperBound) })
    if task.control.isEnabled {
      #expect(chunk <= task.control.maximumChunk)
    } else {
      #expect(chunks.count == task.nodeTasks.count { $0.size > 0 })
    }
  }

  @Test("when there is nothing to do at all")
  func withoutUnits() throws {
    let work = RecordedWork()
    let control = TaskControl.madeUp(threads: .exactly(8))
    for nodeTasks in [
      [], [NodeTask(start: 3, size: 0)], [.init(start: 3, size: 0, node: 1), .init(start: 4, size: 0)],
    ] {
      let outcome = try control.run(work, nodeTasks: nodeTasks)
      #expect(outcome.end == .finished)
      #expect(outcome.unitsDone == 0)
      #expect(outcome.threads.count <= 1)
    }
    #expect(work.record.events.finished.isEmpty)
  }

  @Test("by helpers, too: each of them can take a chunk while the others hold theirs")
  func byHelpers() throws {
    let everyone = Rendezvous(16)
    let work = RecordedWork { _ in everyone.meet() }
    let outcome = try TaskControl.madeUp(threads: .exactly(16)).run(work, start: 100, size: 16)
    #expect(outcome.threads.map(\.chunks) == Array(repeating: 1, count: 16))
    #expect(work.record.events.finished.map(\.lowerBound).sorted() == Array(100..<116))
  }

  @Test("in tasks that run at the same time")
  func inSeveralTasksAtOnce() throws {
    let threads = try (0..<6).map { caller in
      try OwnThread {
        (0..<40).allSatisfy { turn in
          let task = RandomTask(seed: 1000 * (caller + 1) + turn)
          let counts = UnitCounts(task.end)
          let outcome = try? task.control.run(RecordedWork { counts.add($0) }, nodeTasks: task.nodeTasks)
          return outcome?.end == .finished && counts.all == task.expectedCounts
        }
      }
    }
    #expect(threads.map { $0.join() } == Array(repeating: true, count: 6))
  }
}
