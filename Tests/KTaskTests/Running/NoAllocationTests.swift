import CCounting
import KTask
import LinuxSystem
import Testing

/// R7: nothing is allocated, retained or released per chunk. Everything that a process does is counted, so each test
/// has one to itself. What the compiler proves is in `NoLocksProof`.
@Suite("The counters", .enabled(if: counting_is_possible(), "a sanitizer has the allocator for itself"))
struct NoAllocationTests {
  @Test("count allocations, objects, retains and releases, which shows that they count")
  func count() async {
    await #expect(processExitsWith: .success) {
      let (seen, copies) = counting {
        let objects = (0..<100).map { Kept($0) }
        let copies = objects.map { [$0, $0] }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: 256)
        unsafe memory.deallocate()
        return copies.map(\.count)
      }
      #expect(copies == Array(repeating: 2, count: 100))
      #expect(seen.objects >= 200)
      #expect(seen.retains >= 200)
      #expect(seen.releases >= 300)
      #expect(seen.allocations >= 201)
      #expect(seen.frees >= 201)
      #expect(numbers(counting {}.totals) == [0, 0, 0, 0, 0])
    }
  }

  @Test("see the same in a task of a hundred chunks and in one of a hundred thousand")
  func seeTheSame() async {
    await #expect(processExitsWith: .success) {
      let few = totals(chunks: 100, threads: 1)
      #expect(numbers(totals(chunks: 100_000, threads: 1)) == numbers(few))
      #expect(few.allocations > 0)
    }
  }

  /// Helpers let go of a task just after its end, or just before: that is all that may differ.
  @Test("see the same with helpers, but for what these do when the task is over", arguments: [2, 4])
  func seeTheSameWithHelpers(threads: Int) async {
    await #expect(processExitsWith: .success) { [threads] in
      let few = totals(chunks: 100, threads: threads)
      let many = totals(chunks: 100_000, threads: threads)
      #expect(many.allocations == few.allocations)
      #expect(many.objects == few.objects)
      #expect(abs(many.frees - few.frees) < 100)
      #expect(abs(many.retains - few.retains) < 100)
      #expect(abs(many.releases - few.releases) < 100)
    }
  }
}

private final class Kept {
  let number: Int
  init(_ number: Int) { self.number = number }
}

/// The totals as something to compare.
private func numbers(_ totals: counting_totals) -> [Int64] {
  [totals.allocations, totals.frees, totals.objects, totals.retains, totals.releases]
}

private func counting<Result>(_ body: () -> Result) -> (totals: counting_totals, result: Result) {
  counting_start()
  let result = body()
  return (counting_stop(), result)
}

/// What happens in a task of so many chunks, from its call to its return.
private func totals(chunks: Int, threads: Int) -> counting_totals {
  var control = TaskControl.madeUp(threads: .exactly(threads))
  control.maximumChunk = 10
  let task = { try? control.run(NearlyNothing(), start: 0, size: 10 * chunks) }
  // what is made once a process, and the helpers
  for _ in 0..<5 { _ = task() }
  let (totals, outcome) = counting(task)
  #expect(outcome?.threads.reduce(0) { $0 + $1.chunks } == chunks)
  return totals
}

private struct NearlyNothing: TaskWork {
  let iterator = IntegerIterator<Int>()
  func run(from start: Int, to end: Int) throws(Trouble) { FutexWord.spinPause() }
}
