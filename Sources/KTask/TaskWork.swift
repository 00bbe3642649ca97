/// A kind of work: the client's thread function and undo function, and the iterator that steps through it.
///
/// One value is shared by all threads of a task, which only borrow it.
public protocol TaskWork: ~Copyable, Sendable {
  associatedtype Iterator: PositionIterator
  associatedtype Failure: Error
  typealias Position = Iterator.Position

  var iterator: Iterator { get }

  /// Completes one chunk. A chunk that fails cleans up its own partial work before it throws (R5).
  borrowing func run(from start: Position, to end: Position) throws(Failure)

  /// Takes back finished work from `start` to `end`, any number of chunks at once. It cannot fail (R6).
  borrowing func undo(from start: Position, to end: Position)

  /// Takes and completes chunks of one node task until none is left, or one fails. Not for clients to write: it is a
  /// requirement only so that the loop is compiled where the work is, with the chunk inlined and nothing looked up per
  /// chunk.
  borrowing func _drain(
    _ queue: borrowing ChunkQueue<Iterator>, _ record: UnsafeMutablePointer<ThreadRecord<Position, Failure>>,
    _ stop: UnsafePointer<StopFlag>)
}

extension TaskWork where Self: ~Copyable {
  /// Work that need not be undone.
  @inlinable public borrowing func undo(from start: Position, to end: Position) {}

  @inlinable public borrowing func _drain(
    _ queue: borrowing ChunkQueue<Iterator>, _ record: UnsafeMutablePointer<ThreadRecord<Position, Failure>>,
    _ stop: UnsafePointer<StopFlag>
  ) {
    while unsafe !stop.pointee.isRaised {
      let units = unsafe ThreadRecord.wanted(of: queue.remaining(), in: record)
      guard units > 0, let chunk = unsafe queue.take(units, by: record.pointee.number) else { return }
      unsafe ThreadRecord.taken(chunk.units, in: record)
      do throws(Failure) {
        try run(from: chunk.start, to: chunk.end)
        unsafe ThreadRecord.finished(chunk.units, in: record)
      } catch {
        queue.close()
        unsafe ThreadRecord.failed(chunk, error, in: record)
        return
      }
    }
  }
}
