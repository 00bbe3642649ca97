import CCounting
import Glibc
import LinuxSystem
import Testing

@testable import KTask

/// A program that forks between its tasks, or in the midst of one: the child has the parent's memory and open files, but
/// of its threads only the one that forked.
@Suite("A forked child", .enabled(if: geteuid() == 0, "only root makes the file of places"))
struct ForkTests {
  @Test(
    "has none of its parent's helpers, runs tasks of its own, and gives back nothing of its parent's",
    .enabled(if: counting_is_possible(), "a sanitizer lets no forked child start threads"))
  func counts() async {
    await #expect(processExitsWith: .success) {
      let directory = try PlaceDirectory()
      let places = SharedPlaces(limit: 5, nodeLimits: [0: 2], directory: directory.path)
      let budget = HelperBudget(limit: 5, nodeLimits: [0: 2], places: places)
      var held = try [#require(budget.heldPermit(on: 0)), #require(budget.heldPermit(on: nil))]
      #expect(held.map(\.node) == [0, nil])
      let others = SharedPlaces(limit: 5, nodeLimits: [:], directory: directory.path)
      _ = try TaskControl.madeUp(budget: budget).run(RecordedWork(), start: 0, size: 100)
      let status = try exitStatus {
        if [budget.running(), budget.running(on: 0), budget.leftHere] != [0, 0, 5] { return 1 }
        // two places are the parent's
        if budget.left != 3 { return 2 }
        let outcome = try? TaskControl.madeUp(budget: budget).run(RecordedWork(), start: 0, size: 100)
        if outcome?.end != .finished || outcome?.threads.count != 4 { return 3 }
        held = []
        return budget.running() == 0 && budget.left == 3 ? 0 : 4
      }
      #expect(status == 0)
      #expect([budget.running(), budget.running(on: 0), others.left] == [2, 1, 3])
      held = []
      #expect([budget.running(), budget.running(on: 0), others.left] == [0, 0, 5])
    }
  }
}

extension ForkTests {
  /// The file that it opens gets the number that its parent's had.
  @Test("has the machine's places for itself, task after task, where its parent has none")
  func opens() async {
    await #expect(processExitsWith: .success) {
      let directory = try PlaceDirectory()
      let places = SharedPlaces(limit: 5, nodeLimits: [:], directory: directory.path)
      let budget = HelperBudget(limit: 5, nodeLimits: [:], places: places)
      let status = try exitStatus {
        for _ in 0..<3 {
          if budget.left != 5 || !budget.isMachineWide { return 1 }
          let others = SharedPlaces(limit: 5, nodeLimits: [:], directory: directory.path)
          guard let held = budget.heldPermit(on: nil) else { return 2 }
          if withExtendedLifetime(held, { others.left }) != 4 { return 3 }
        }
        return 0
      }
      #expect(status == 0)
    }
  }
}

extension ForkTests {
  /// Its copy of the descriptor would keep the locks, whoever has killed the parent.
  @Test("keeps nothing of its parent's from others")
  func letsGo() async {
    await #expect(processExitsWith: .success) {
      let directory = try PlaceDirectory()
      let others = SharedPlaces(limit: 5, nodeLimits: [:], directory: directory.path)
      var pipe: [Int32] = [0, 0]
      #expect(unsafe Glibc.pipe(&pipe) == 0)
      let status = try exitStatus {
        let places = SharedPlaces(limit: 5, nodeLimits: [:], directory: directory.path)
        let budget = HelperBudget(limit: 5, nodeLimits: [:], places: places)
        guard let held = budget.heldPermit(on: nil), let child = try? forked() else { return 1 }
        if child == 0 {
          // lives on until the test lets it end
          close(pipe[1])
          var byte: UInt8 = 0
          _ = unsafe read(pipe[0], &byte, 1)
        }
        let now = SharedPlaces(limit: 5, nodeLimits: [:], directory: directory.path)
        withExtendedLifetime(held) { _exit(child == 0 || now.left == 4 ? 0 : 2) }
      }
      #expect(status == 0)
      #expect(others.left == 5)
      close(pipe[1])
    }
  }
}

extension ForkTests {
  /// A lock that a thread of the parent held at the fork has nobody who gives it back.
  @Test(
    "runs its tasks and ends, whatever the parent's other threads were about at the fork",
    .enabled(if: counting_is_possible(), "a sanitizer lets no forked child start threads"))
  func inherits() async {
    await #expect(processExitsWith: .success) {
      let directory = try PlaceDirectory()
      let places = SharedPlaces(limit: 12, nodeLimits: [0: 2], directory: directory.path)
      let budget = HelperBudget(limit: 12, nodeLimits: [0: 2], places: places)
      let monitor = TaskMonitor()
      let isOver = Event()
      let run: @Sendable () -> Bool = {
        var control = TaskControl.madeUp(threads: .exactly(3), budget: budget)
        // a helper at nice 19 would hardly get a CPU beside them, not even to end
        control.helpersNice = 0
        let outcome = try? control.run(RecordedWork(), start: 0, size: 24, monitor: monitor)
        return outcome?.unitsDone == 24
      }
      // Swift's run-time makes a generic type's metadata when it is first asked for, under locks of its own that a child
      // inherits as they are: it is all made before the first fork
      #expect(run())
      let threads = try (0..<4).map { _ in try OwnThread { while run() && !isOver.hasHappened {} } }
      for _ in 0..<100 { #expect(try exitStatus { run() && monitor.unitsDone == 24 ? 0 : 1 } == 0) }
      isOver.happen()
      for thread in threads { thread.join() }
    }
  }
}
