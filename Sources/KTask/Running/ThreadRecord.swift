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
@safe
public struct ThreadSlot<Position: BitwiseCopyable, Failure: Error>: ~Copyable {
  @usableFromInline var chunks = 0
  /// Not the first member: the thread sanitizer takes a change of any for one of the first.
  @usableFromInline let units = Atomic<Int>(0)
  /// The node task being worked on.
  @usableFromInline var nodeTask = 0
  @usableFromInline var failure: FailedChunk<Position, Failure>?
  /// Failures of the task before this one.
  var failedAs = 0
  @usableFromInline var pace: Pace
  /// Where the tail is bounded by it; nil where the caller lends its priority, or need not.
  @usableFromInline let tail: UnsafePointer<TailGuard>?
  /// A helper that takes no more for the tail's sake.
  @usableFromInline var hasRetired = false
  var nanoseconds: UInt64 = 0
  var node: Int?
  var moves = 0
  @usableFromInline let isHelper: Bool

  init(nodeTask: Int, isHelper: Bool, pace: Pace, tail: UnsafePointer<TailGuard>? = nil) {
    self.nodeTask = nodeTask
    self.isHelper = isHelper
    self.pace = pace
    unsafe self.tail = unsafe tail
  }

  // By pointer: a mutating method would claim the whole slot, while others read `units`.

  /// Units to take next of a node task that has `rest` left; 0 where a helper is to take no more.
  @inlinable
  static func wanted(of rest: Int, in slot: UnsafeMutablePointer<Self>) -> Int {
    let units = unsafe slot.pointee.pace.wanted(of: rest)
    guard let tail = unsafe slot.pointee.tail, unsafe slot.pointee.isHelper else { return units }
    if unsafe tail.pointee.allows(units, nanosecondsPerUnit: slot.pointee.pace.nanosecondsPerUnit) { return units }
    unsafe slot.pointee.hasRetired = true
    return 0
  }

  @inlinable
  static func taken(_ count: Int, in slot: UnsafeMutablePointer<Self>) {
    if let tail = unsafe slot.pointee.tail { unsafe tail.pointee.taken(count) }
  }

  @inlinable
  static func finished(_ count: Int, in slot: UnsafeMutablePointer<Self>) {
    unsafe slot.pointee.chunks += 1
    // one writer: a plain addition, published for the progress reader
    unsafe slot.pointee.units.store(slot.pointee.units.load(ordering: .relaxed) &+ count, ordering: .relaxed)
    unsafe slot.pointee.pace.note(count)
    if let tail = unsafe slot.pointee.tail, unsafe !slot.pointee.isHelper {
      unsafe tail.pointee.publish(slot.pointee.pace.nanosecondsPerUnit)
    }
  }

  @inlinable
  static func failed<Iterator: PositionIterator>(
    _ chunk: ChunkQueue<Iterator>.Chunk, _ error: Failure, in slot: UnsafeMutablePointer<Self>
  ) where Iterator.Position == Position {
    unsafe slot.pointee.failure = unsafe FailedChunk(
      nodeTask: slot.pointee.nodeTask, start: chunk.start, end: chunk.end, offset: chunk.offset, units: chunk.units,
      error: error)
  }
}
