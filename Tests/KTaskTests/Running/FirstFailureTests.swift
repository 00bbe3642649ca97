import Glibc
import LinuxSystem
import Testing

@testable import KTask

/// R5 where threads work on different node tasks.
@Suite("After the first failure")
struct FirstFailureTests {
  /// One thread is about to get a chunk of node task 1, having seen no failure, when the other one's chunk of node task 0
  /// fails and is noted: then it must not get it.
  @Test("no node task hands out a chunk any more, nor to a thread that looked just before")
  func otherNodeTasks() throws {
    let work = StagedWork()
    let tasks = [NodeTask(start: 0, size: 4), .init(start: 100, size: 4)]
    var control = TaskControl.madeUp(threads: .exactly(2))
    control.maximumChunk = 1
    try unsafe withUnsafePointer(to: work) { work in
      let task = unsafe TaskRun(
        work, tasks,
        Seating(
          sizes: [4, 4], nodes: [nil, nil], .sixteen, within: CPUSet([0]), home: nil, threads: 2),
        permits: HelperPermits(capacity: 0), guardsTail: false, control: control)
      let other = try OwnThread { task.takePart(1, nil) }
      Stage.only.isTaking.wait()
      Stage.only.isNoted.withLock { $0 = { unsafe task.attachment.stop.pointee.isRaised } }
      task.takePart(0, nil)
      other.join()
      Stage.only.isNoted.withLock { $0 = nil }
      #expect(unsafe task.attachment.stop.pointee.hasFailed())
    }
    #expect(Stage.only.wasNotedMeanwhile.withLock { $0 } == true)
    #expect(!Stage.only.wasHandedOut.hasHappened)
  }
}

/// Where the two threads meet.
private final class Stage: Sendable {
  static let only = Stage()
  let isTaking = Event()
  let isNoted = Guarded<(@Sendable () -> Bool)?>(nil)
  let wasNotedMeanwhile = Guarded<Bool?>(nil)

  let wasHandedOut = Event()

  /// In the midst of taking, until the other one has failed: it waits for nobody.
  func take() {
    if isTaking.hasHappened { return }
    isTaking.happen()
    let found = waitUntil { isNoted.withLock { $0 }?() ?? false }
    wasNotedMeanwhile.withLock { $0 = found }
  }
}

private struct StagedWork: TaskWork {
  struct Iterator: PositionIterator {
    static var isRandomAccess: Bool { false }

    func position(_ units: Int, after position: Int) -> Int {
      if position >= 100 { Stage.only.take() }
      return position + units
    }
  }
  let iterator = Iterator()

  func run(from start: Int, to end: Int) throws(Trouble) {
    if start < 100 { throw Trouble(position: start) }
    Stage.only.wasHandedOut.happen()
  }
}
