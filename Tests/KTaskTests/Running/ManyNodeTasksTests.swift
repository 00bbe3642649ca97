import LinuxSystem
import Testing

@testable import KTask

@Suite("Very many node tasks")
struct ManyNodeTasksTests {
  private struct Nothing: TaskWork {
    let iterator = IntegerIterator<Int>()
    func run(from start: Int, to end: Int) throws(Never) {}
  }

  /// CPU nanoseconds of a task of so many node tasks.
  private func cost(_ count: Int) throws -> Double {
    var control = TaskControl(minimumChunk: 1)
    control.threads = .exactly(2)
    let nodeTasks = (0..<count).map { NodeTask(start: $0 * 16, size: 16, node: $0 % 2) }
    let before = try ResourceUsage.current()
    let outcome = try control.run(Nothing(), nodeTasks: nodeTasks)
    #expect(outcome.unitsDone == 16 * count)
    let used = try ResourceUsage.current() - before
    return used.userSeconds + used.systemSeconds
  }

  @Test("cost what their number says, and not its square")
  func linear() throws {
    _ = try cost(100)
    let (few, many) = (try cost(2500), try cost(10_000))
    #expect(many < 9 * max(few, 0.005), "2500: \(few) s, 10 000: \(many) s")
  }
}
