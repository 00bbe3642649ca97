import KTask
import LinuxSystem
import Testing

@Suite("A monitor")
struct CancelTests {
  @Test("cancels a task in the middle: what was done is undone, and no more is", arguments: 1...4)
  func cancels(threads: Int) throws {
    let monitor = TaskMonitor()
    let everyone = Rendezvous(threads + 1)
    let isCancelled = Event()
    let canceller = try OwnThread {
      everyone.meet()
      monitor.cancel()
      isCancelled.happen()
    }
    let work = RecordedWork { _ in
      everyone.meet()
      isCancelled.wait()
    }
    let tasks = [NodeTask(start: 0, size: 500, node: 0), NodeTask(start: 700, size: 500, node: 1)]
    var control = TaskControl.madeUp(threads: .exactly(threads))
    control.maximumChunk = 10
    let outcome = try control.run(work, nodeTasks: tasks, monitor: monitor)
    canceller.join()

    #expect(outcome.end == .cancelled)
    #expect(outcome.failures.isEmpty)
    #expect(outcome.threads.map(\.chunks) == Array(repeating: 1, count: threads))
    expectUndone(outcome, work.record, tasks)
    #expect(monitor.isCancelled)
    #expect(control.budget.running() == 0)
  }

  @Test("that was cancelled before the start lets nothing be done, of any task")
  func cancelsBeforehand() throws {
    let monitor = TaskMonitor()
    monitor.cancel()
    let work = RecordedWork()
    for threads in [1, 4] {
      let outcome = try TaskControl.madeUp(threads: .exactly(threads)).run(work, start: 0, size: 100, monitor: monitor)
      #expect(outcome.end == .cancelled)
      #expect(outcome.unitsDone == 0)
    }
    let events = work.record.events
    #expect(events.finished.isEmpty && events.undone.isEmpty)
  }

  @Test("that was cancelled before an empty task finds it finished")
  func cancelsNothing() throws {
    let monitor = TaskMonitor()
    monitor.cancel()
    #expect(try TaskControl.madeUp().run(RecordedWork(), nodeTasks: [], monitor: monitor).end == .finished)
    #expect(try TaskControl.madeUp().run(RecordedWork(), start: 0, size: 0, monitor: monitor).end == .finished)
  }

  @Test("changes nothing once the last chunk is handed out", arguments: [1, 2, 4])
  func cancelsTooLate(threads: Int) throws {
    let monitor = TaskMonitor()
    let everyone = Rendezvous(threads)
    let work = RecordedWork { _ in
      everyone.meet()
      monitor.cancel()
    }
    let outcome = try TaskControl.madeUp(threads: .exactly(threads))
      .run(work, start: 0, size: threads, monitor: monitor)
    #expect(outcome.end == .finished)
    #expect(outcome.unitsDone == threads)
    #expect(work.record.events.undone.isEmpty)
  }

  @Test("that cancels a task in which a chunk fails leaves it failed")
  func cancelsAFailure() throws {
    let monitor = TaskMonitor()
    let work = RecordedWork { chunk throws(Trouble) in
      monitor.cancel()
      throw Trouble(position: chunk.lowerBound)
    }
    let outcome = try TaskControl.madeUp(threads: .exactly(2)).run(work, start: 0, size: 100, monitor: monitor)
    #expect(outcome.end == .failed)
    #expect(outcome.failures.first?.units == outcome.chunk)
    expectUndone(outcome, work.record, [NodeTask(start: 0, size: 100)])
  }

  @Test("shows progress that never goes back and ends at the size", arguments: [1, 2, 4])
  func showsProgress(threads: Int) throws {
    let monitor = TaskMonitor()
    let isOver = Event()
    let reader = try OwnThread {
      var readings = [monitor.unitsDone]
      while !isOver.hasHappened { readings.append(monitor.unitsDone) }
      return readings
    }
    let size = 20_000
    let outcome = try TaskControl.madeUp(threads: .exactly(threads))
      .run(CountingWork(), start: 0, size: size, monitor: monitor)
    isOver.happen()
    let readings = reader.join()
    #expect(outcome.end == .finished)
    #expect(zip(readings, readings.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(readings.allSatisfy { 0 <= $0 && $0 <= size })
    #expect(monitor.unitsDone == size)
  }

  @Test("shows what is finished while the rest is being worked on")
  func showsFinishedUnits() throws {
    let monitor = TaskMonitor()
    let readings = Guarded<[Int]>([])
    let work = RecordedWork { _ in readings.withLock { $0.append(monitor.unitsDone) } }
    var control = TaskControl.madeUp(threads: .exactly(1))
    control.maximumChunk = 10
    _ = try control.run(work, start: 0, size: 35, monitor: monitor)
    #expect(readings.withLock { $0 } == [0, 10, 20, 30])
    #expect(monitor.unitsDone == 35)
    _ = try control.run(work, start: 0, size: 5, monitor: monitor)
    #expect(monitor.unitsDone == 5)
  }

  @Test("shows what was finished by a task that failed")
  func showsFailedTasks() throws {
    let monitor = TaskMonitor()
    let work = RecordedWork { chunk throws(Trouble) in
      if chunk.lowerBound == 30 { throw Trouble(position: 30) }
    }
    var control = TaskControl.madeUp(threads: .exactly(1))
    control.maximumChunk = 10
    _ = try control.run(work, start: 0, size: 100, monitor: monitor)
    #expect(monitor.unitsDone == 30)
  }
}

/// Work of next to nothing.
private struct CountingWork: TaskWork {
  let iterator = IntegerIterator<Int>()
  func run(from start: Int, to end: Int) throws(Never) { FutexWord.spinPause() }
}
