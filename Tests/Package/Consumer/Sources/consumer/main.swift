// What somebody else's program does with KTask: all that it needs is in that one module.
internal import Glibc
internal import KTask
internal import Synchronization

/// Adds numbers up.
struct Sum: TaskWork, ~Copyable {
  struct Refused: Error { var number: Int }
  let iterator = IntegerIterator<Int>()
  let total = Atomic<Int>(0)
  /// A number that cannot be added.
  var refused: Int?

  func run(from start: Int, to end: Int) throws(Refused) {
    if let refused, (start..<end).contains(refused) { throw Refused(number: refused) }
    total.add((start..<end).reduce(0, +), ordering: .relaxed)
  }

  func undo(from start: Int, to end: Int) { total.subtract((start..<end).reduce(0, +), ordering: .relaxed) }
}

func demand(_ isSo: Bool, _ what: String) {
  if isSo { return }
  print("not so: \(what)")
  exit(1)
}

let size = 1_000_000
let expected = size * (size - 1) / 2
var control = TaskControl(minimumChunk: 1000)
control.chunkTime = ChunkTime(shortest: 100_000, longest: 1_000_000)
control.budget = HelperBudget(limit: 3, nodeLimits: [:])

let sum = Sum()
let outcome = try control.run(sum, start: 0, size: size)
demand(outcome.end == .finished && outcome.unitsDone == size, "every number is added")
demand(sum.total.load(ordering: .relaxed) == expected, "once")
demand(outcome.threads.count <= control.decide(size: size).threads, "by no more threads than planned")
demand(outcome.bounds.contains { $0.what == .allowedCPUs || $0.what == .onlineCPUs }, "whose bounds are told")

let monitor = TaskMonitor()
let parts = [NodeTask(start: 0, size: size / 2, node: 0), NodeTask(start: size / 2, size: size / 2)]
let bad = Sum(refused: size / 2)
let failed = try control.run(bad, nodeTasks: parts, monitor: monitor)
demand(failed.end == .failed && failed.failures.first?.error.number == size / 2, "a failure is told")
demand(bad.total.load(ordering: .relaxed) == 0, "and what was done is undone")
demand(monitor.progress.total == size, "progress can be read")

monitor.cancel()
let cancelled = try control.run(sum, nodeTasks: parts, monitor: monitor)
demand(cancelled.end == .cancelled && cancelled.unitsDone == cancelled.unitsUndone, "and a task be cancelled")
demand(sum.total.load(ordering: .relaxed) == expected, "which leaves nothing")

do throws(TaskControlError) {
  control.alignment = 0
  _ = try control.run(sum, start: 0, size: size)
  demand(false, "what makes no sense is refused")
} catch {
  demand(error == .alignmentBelowOne, "with its reason")
}
print("\(outcome.threads.count) threads: \(expected)")
