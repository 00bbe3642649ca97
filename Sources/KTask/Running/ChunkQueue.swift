public import LinuxSystem
public import Synchronization

/// One node task while it is being worked on: hands out its chunks in ascending order, each exactly once.
///
/// How much at a time is the thread's own affair (`Pace`). Where positions are random access, taking a chunk is one atomic
/// exchange, so a preempted thread never holds up another; otherwise a lock is held while the iterator steps.
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
  /// Units handed out; `closed` when no more may be handed out.
  @usableFromInline let next = Atomic<Int>(0)
  /// Units handed out when the queue was closed; -1 while it is open.
  @usableFromInline let taken = Atomic<Int>(-1)
  @usableFromInline let lock = FutexLock()
  /// Where the next chunk starts, under the lock; unused where positions are random access.
  @usableFromInline let cursor: UnsafeMutablePointer<Position>

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

  init(_ task: NodeTask<Position>, iterator: Iterator, alignment: Int) {
    self.iterator = iterator
    start = task.start
    size = task.size
    misalignment = iterator.misalignment(of: task.start, to: alignment)
    unsafe cursor = .allocate(capacity: 1)
    unsafe cursor.initialize(to: task.start)
  }

  deinit { unsafe cursor.deallocate() }

  /// The next chunk of `units` or what is left, or nil when there is none: all taken, or closed by a failure.
  /// `units` is a multiple of the alignment.
  @inlinable
  public borrowing func take(_ units: Int) -> Chunk? {
    Iterator.isRandomAccess ? takeAtomically(units) : takeLocked(units)
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
  borrowing func takeLocked(_ units: Int) -> Chunk? {
    lock.lock()
    let offset = next.load(ordering: .relaxed)
    if offset >= size {
      lock.unlock()
      return nil
    }
    let end = end(of: units, from: offset)
    let from = unsafe cursor.pointee
    let to = iterator.position(end - offset, after: from)
    unsafe cursor.pointee = to
    next.store(end, ordering: .relaxed)
    lock.unlock()
    return Chunk(start: from, end: to, offset: offset, units: end - offset)
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
    lock.lock()
    defer { lock.unlock() }
    let before = next.exchange(Self.closed, ordering: .relaxed)
    if taken.load(ordering: .relaxed) < 0 { taken.store(min(before, size), ordering: .relaxed) }
  }

  /// Units not handed out yet.
  @inlinable
  borrowing func remaining() -> Int { max(0, size - next.load(ordering: .relaxed)) }

  /// Units handed out, and the position after the last of them. Only when no thread takes any more.
  borrowing func handedOut() -> (units: Int, end: Position) {
    let atClose = taken.load(ordering: .relaxed)
    let units = atClose >= 0 ? atClose : min(next.load(ordering: .relaxed), size)
    if !Iterator.isRandomAccess { return unsafe (units, cursor.pointee) }
    return (units, iterator.position(units, after: start))
  }
}
