public import Synchronization

/// One node task while it is being worked on: hands out its chunks in ascending order, each exactly once.
///
/// How much at a time is the thread's own affair (`Pace`). Taking a chunk is one atomic exchange, so a preempted thread never
/// holds up another: of a number where positions are random access, else of a cursor.
@frozen
@safe
public struct ChunkQueue<Iterator: PositionIterator>: ~Copyable {
  public typealias Position = Iterator.Position

  @usableFromInline let iterator: Iterator
  @usableFromInline let start: Position
  /// Units of the node task.
  @usableFromInline let size: Int
  /// Units by which the start lies past an aligned boundary: the first chunk is shorter by them.
  @usableFromInline let misalignment: Int
  /// Units handed out; `closed` when no more may be handed out. Beside a cursor it may be a little behind.
  @usableFromInline let next = Atomic<Int>(0)
  /// Units handed out when the queue was closed; -1 while it is open.
  @usableFromInline let taken = Atomic<Int>(-1)
  /// Where the next chunk starts; unused where positions are random access.
  @usableFromInline let cursor: PositionCursor<Position>

  @inlinable static var closed: Int { Int.max }

  /// A chunk: positions, and where its end lies in units from the start of the node task.
  @frozen
  public struct Chunk: BitwiseCopyable {
    public let start: Position
    public let end: Position
    @usableFromInline let offset: Int
    public let units: Int

    @inlinable init(start: Position, end: Position, offset: Int, units: Int) {
      self.start = start
      self.end = end
      self.offset = offset
      self.units = units
    }
  }

  /// `threads`: how many may take chunks, by their numbers.
  init(_ task: NodeTask<Position>, iterator: Iterator, alignment: Int, threads: Int) {
    self.iterator = iterator
    start = task.start
    size = task.size
    misalignment = iterator.misalignment(of: task.start, to: alignment)
    cursor = PositionCursor(task.start, threads: Iterator.isRandomAccess ? 0 : threads)
  }

  /// The next chunk of `units` or what is left, or nil when there is none: all taken, or closed by a failure.
  /// `units` is a multiple of the alignment.
  @inlinable
  public borrowing func take(_ units: Int, by thread: Int) -> Chunk? {
    Iterator.isRandomAccess ? takeAtomically(units) : takeFromCursor(units, by: thread)
  }

  @inlinable
  borrowing func takeAtomically(_ units: Int) -> Chunk? {
    var offset = next.load(ordering: .relaxed)
    while offset < size {
      let end = end(of: units, from: offset)
      let (isMine, found) = next.compareExchange(expected: offset, desired: end, ordering: .relaxed)
      if isMine {
        let from = iterator.position(offset, after: start)
        return Chunk(
          start: from, end: iterator.position(end - offset, after: from), offset: offset, units: end - offset)
      }
      offset = found
    }
    return nil
  }

  @inlinable
  borrowing func takeFromCursor(_ units: Int, by thread: Int) -> Chunk? {
    while true {
      let (head, offset, from) = cursor.look(by: thread)
      if head & PositionCursor<Position>.closed != 0 { return nil }
      // whoever moved the cursor there may not have come so far as to say so
      next.max(offset, ordering: .relaxed)
      if offset >= size { return nil }
      let end = end(of: units, from: offset)
      let to = iterator.position(end - offset, after: from)
      if cursor.move(from: head, to: end, to, by: thread) {
        next.max(end, ordering: .relaxed)
        return Chunk(start: from, end: to, offset: offset, units: end - offset)
      }
    }
  }

  /// Where a chunk ends that starts at `offset`, in units from the start of the node task: the first ends at an
  /// aligned boundary, unless it is all there is.
  @inlinable
  borrowing func end(of units: Int, from offset: Int) -> Int {
    if units >= size - offset { return size }
    return offset + units - (offset == 0 ? misalignment : 0)
  }

  /// Lets no more chunks be handed out (R5).
  @inlinable
  borrowing func close() {
    if !Iterator.isRandomAccess { cursor.close() }
    let before = next.exchange(Self.closed, ordering: .relaxed)
    // the first to close it
    if before != Self.closed { taken.store(min(before, size), ordering: .relaxed) }
  }

  /// Units not handed out yet.
  @inlinable
  borrowing func remaining() -> Int { max(0, size - next.load(ordering: .relaxed)) }

  /// Units handed out, and the position after the last of them. Only when no thread takes any more.
  borrowing func handedOut() -> (units: Int, end: Position) {
    if !Iterator.isRandomAccess {
      let (_, units, end) = cursor.look(by: 0)
      return (units, end)
    }
    let atClose = taken.load(ordering: .relaxed)
    let units = atClose >= 0 ? atClose : min(next.load(ordering: .relaxed), size)
    return (units, iterator.position(units, after: start))
  }
}
