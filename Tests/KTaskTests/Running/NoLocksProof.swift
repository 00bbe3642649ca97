import KTask
import LinuxSystem
import Testing

// R7's proof by the compiler: `@_noLocks` makes it refuse a function that may allocate, retain, release or lock. The
// engine's loop over chunks is one such; if it is not any more, this file does not compile.

/// Work that itself does none of it, and may fail.
private struct PlainWork: TaskWork {
  enum Failure: Error { case atTheEnd }
  let iterator = IntegerIterator<Int>()
  let bad: Int

  @_noLocks
  func run(from start: Int, to end: Int) throws(Failure) {
    if end == bad { throw .atTheEnd }
  }

  /// All that a thread does from its first chunk of a node task to its last.
  @_noLocks
  func drainLoop(
    _ queue: borrowing ChunkQueue<IntegerIterator<Int>>, _ record: UnsafeMutablePointer<ThreadRecord<Int, Failure>>,
    _ stop: UnsafePointer<StopFlag>
  ) {
    unsafe _drain(queue, record, stop)
  }
}

/// A list in an array: positions that are not random access, taken under the engine's lock.
private struct OpaqueWork: TaskWork {
  struct Iterator: PositionIterator {
    static var isRandomAccess: Bool { false }
    func position(_ units: Int, after position: Int) -> Int { position + units }
  }
  let iterator = Iterator()

  func run(from start: Int, to end: Int) throws(Never) {}

  @_noLocks
  func drainLoop(
    _ queue: borrowing ChunkQueue<Iterator>, _ record: UnsafeMutablePointer<ThreadRecord<Int, Never>>,
    _ stop: UnsafePointer<StopFlag>
  ) {
    unsafe _drain(queue, record, stop)
  }
}

@Suite("The loop over chunks")
struct NoLocksProof {
  @Test("is one that the compiler lets neither allocate nor lock, and does its work all the same")
  func doesItsWork() throws {
    let control = TaskControl.madeUp(threads: .exactly(4))
    #expect(try control.run(PlainWork(bad: -1), start: 0, size: 1000).unitsDone == 1000)
    #expect(try control.run(PlainWork(bad: 1000), start: 0, size: 1000).failures.map(\.error) == [.atTheEnd])
    #expect(try control.run(OpaqueWork(), start: 0, size: 1000).unitsDone == 1000)
  }
}
