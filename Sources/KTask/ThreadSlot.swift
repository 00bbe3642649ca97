public import Synchronization

/// A failed chunk: where it was, and the thread function's error.
public struct FailedChunk<Position: BitwiseCopyable, Failure: Error>: @unchecked Sendable {
  // @unchecked: positions may be unsafe pointers, which the engine only hands on.

  /// The node task, by its place in the list given.
  public let nodeTask: Int
  public let start: Position
  public let end: Position
  /// Units from the start of the node task.
  public let offset: Int
  public let units: Int
  public let error: Failure

  @inlinable
  init(nodeTask: Int, start: Position, end: Position, offset: Int, units: Int, error: Failure) {
    self.nodeTask = nodeTask
    self.start = start
    self.end = end
    self.offset = offset
    self.units = units
    self.error = error
  }
}

/// What one thread did. Only its thread writes; the progress reader reads `units` at any time, everything else is
/// read after the join. Slots lie cache lines apart.
public struct ThreadSlot<Position: BitwiseCopyable, Failure: Error>: ~Copyable {
  @usableFromInline var chunks = 0
  /// Not the first member: the thread sanitizer takes a change of any for one of the first.
  @usableFromInline let units = Atomic<Int>(0)
  /// The node task being worked on.
  @usableFromInline var nodeTask = 0
  @usableFromInline var failure: FailedChunk<Position, Failure>?
  /// Failures of the task before this one.
  @usableFromInline var failedAs = 0
  var nanoseconds: UInt64 = 0
  var node: Int?
  var moves = 0
  let isHelper: Bool

  init(nodeTask: Int, isHelper: Bool) {
    self.nodeTask = nodeTask
    self.isHelper = isHelper
  }

  // By pointer: a mutating method would claim the whole slot, while others read `units`.

  @inlinable
  static func finished(_ count: Int, in slot: UnsafeMutablePointer<Self>) {
    unsafe slot.pointee.chunks += 1
    // one writer: a plain addition, published for the progress reader
    unsafe slot.pointee.units.store(slot.pointee.units.load(ordering: .relaxed) &+ count, ordering: .relaxed)
  }

  @inlinable
  static func failed<Iterator: PositionIterator>(
    _ chunk: ChunkQueue<Iterator>.Chunk, as order: Int, _ error: Failure, in slot: UnsafeMutablePointer<Self>
  ) where Iterator.Position == Position {
    unsafe slot.pointee.failedAs = order
    unsafe slot.pointee.failure = unsafe FailedChunk(
      nodeTask: slot.pointee.nodeTask, start: chunk.start, end: chunk.end, offset: chunk.offset, units: chunk.units,
      error: error)
  }
}
