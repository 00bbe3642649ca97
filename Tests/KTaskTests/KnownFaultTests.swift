import KTask
import Synchronization
import Testing

/// The faults that the kernel's versions had, each of which this engine must not have. That a failing client leaves
/// its partial work behind is the clients' matter; the engine's part in it is to leave the failed chunk alone.
@Suite("A fault of the kernel's versions is none of ours:")
struct KnownFaultTests {
  @Test("a minimum chunk in another unit than the size, so that no helper ever started")
  func minimumChunkInAnotherUnit() throws {
    // 1 GiB in bytes, and the same in 4 KiB pages: what counts is the number of minimum chunks
    for (unit, name) in [(1, "bytes"), (4096, "pages")] {
      let control = TaskControl.madeUp(minimumChunk: (128 << 20) / unit)
      let outcome = try control.run(RecordedWork(), start: 0, size: (1 << 30) / unit)
      #expect(outcome.threads.count == 8, "\(name)")
      #expect(outcome.threads.dropFirst().allSatisfy { $0.isHelper })
    }
  }

  @Test("the end of every chunk left undone", arguments: [1, 2, 4])
  func endOfChunksLeftUndone(threads: Int) throws {
    let size = 64 * 4096 + 123
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 200, alignment: 4096)
    defer { unsafe memory.deallocate() }
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xA5)
    var control = TaskControl.madeUp(minimumChunk: 4096, threads: .exactly(threads))
    control.alignment = 4096
    // a start in the middle of a page, so that chunks are of unequal length
    let start = unsafe memory.baseAddress! + 100
    let count = unsafe try control.run(ClearingWork(), start: start, size: size).threads.count
    #expect(count == threads)
    let bytes = unsafe Array(memory)
    #expect(bytes[..<100].allSatisfy { $0 == 0xA5 })
    #expect(bytes[100..<100 + size].allSatisfy { $0 == 0 })
    #expect(bytes[(100 + size)...].allSatisfy { $0 == 0xA5 })
  }

  @Test("the failed chunk undone a second time, or its partial work left behind")
  func partialWorkLeftBehind() throws {
    let pinned = UnitCounts(1000)
    let taken = UnitCounts(1000)
    // fails in the middle of a chunk, having done half of it, and takes that half back, as R5 wants
    let work = PinningWork(pinned: pinned, unpinned: taken, bad: 555)
    let outcome = try TaskControl.madeUp(minimumChunk: 10, threads: .exactly(4)).run(work, start: 0, size: 1000)
    #expect(outcome.failures.map(\.error) == [Trouble(position: 555)])
    #expect(pinned.all == taken.all)
    #expect(pinned.all.allSatisfy { $0 <= 1 })
    #expect(outcome.unitsUndone == outcome.unitsDone)
  }

  @Test("a node's limit looked up with the number of the node left behind, which may be none")
  func limitOfTheWrongNode() throws {
    let budget = HelperBudget(limit: 8, nodeLimits: [0: 1])
    let everyone = Rendezvous(3)
    let most = Atomic<Int>(0)
    let work = RecordedWork { chunk in
      if chunk.lowerBound < 3 { everyone.meet() }
      most.max(budget.running(on: 0), ordering: .relaxed)
    }
    // helpers without a node, and of one that the budget does not know, end up on node 0
    let tasks = [
      NodeTask(start: 0, size: 1, node: nil), .init(start: 1, size: 1, node: 9), .init(start: 2, size: 98, node: 0),
    ]
    var control = TaskControl.madeUp(threads: .exactly(3), budget: budget)
    control.maximumChunk = 1
    let outcome = try control.run(work, nodeTasks: tasks)
    #expect(outcome.unitsDone == 100)
    #expect(most.load(ordering: .relaxed) <= 1)
    #expect(budget.running(on: 0) == 0)
  }

  @Test("an empty node task that made the search for another one run off the array", arguments: 1...5)
  func emptyNodeTask(threads: Int) throws {
    let patterns = [[0], [0, 0, 0], [5, 0], [0, 5], [0, 5, 0, 0, 7, 0], [5, 0, 0, 0, 0, 0, 0]]
    for sizes in patterns {
      let work = RecordedWork()
      let tasks = sizes.enumerated().map { NodeTask(start: 10 * $0, size: $1, node: $0 % 4 == 3 ? nil : $0 % 4) }
      let outcome = try TaskControl.madeUp(threads: .exactly(threads)).run(work, nodeTasks: tasks)
      #expect(outcome.end == .finished)
      #expect(outcome.unitsDone == sizes.reduce(0, +))
      #expect(work.record.events.finished.allSatisfy { !$0.isEmpty })
    }
  }

  @Test("a division by a minimum chunk of 0", arguments: [0, -1, Int.min])
  func minimumChunkOfZero(minimumChunk: Int) {
    let control = TaskControl.madeUp(minimumChunk: minimumChunk)
    #expect(throws: TaskControlError.minimumChunkBelowOne) {
      _ = try control.run(RecordedWork(), start: 0, size: 100)
    }
    // a plan for it can be printed, too
    #expect(control.decide(size: 100).threads == 16)
    #expect(control.chunk(size: 100, threads: 4) == 6)
  }
}

/// Clears memory.
private struct ClearingWork: @unsafe TaskWork {
  let iterator = AddressIterator()

  func run(from start: UnsafeMutableRawPointer, to end: UnsafeMutableRawPointer) throws(Never) {
    unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: end - start)
  }
}

/// Does a chunk unit by unit, and fails in the middle of one.
private struct PinningWork: TaskWork {
  let iterator = IntegerIterator<Int>()
  let pinned: UnitCounts
  let unpinned: UnitCounts
  let bad: Int

  func run(from start: Int, to end: Int) throws(Trouble) {
    for unit in start..<end {
      if unit == bad {
        unpinned.add(start..<unit)
        throw Trouble(position: unit)
      }
      pinned.add(unit..<unit + 1)
    }
  }

  func undo(from start: Int, to end: Int) { unpinned.add(start..<end) }
}
