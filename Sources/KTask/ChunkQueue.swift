public import LinuxSystem
public import Synchronization

/// One node task while it is being worked on: hands out its chunks in ascending order, each exactly once.
///
/// Where positions are random access, taking a chunk is one atomic addition, so a preempted thread never holds up
/// another; otherwise a lock is held while the iterator steps.
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
  @usableFromInline let chunk: Int
  /// Chunks in all.
  @usableFromInline let count: Int
  /// Chunks handed out; beyond `count` when empty, `closed` when no more may be handed out.
  @usableFromInline let next = Atomic<Int>(0)
  /// Chunks handed out when the queue was closed; -1 while it is open.
  @usableFromInline let taken = Atomic<Int>(-1)
  @usableFromInline let lock = FutexLock()
  /// Where the next chunk starts, under the lock; unused where positions are random access.
  @usableFromInline let cursor: UnsafeMutablePointer<Position>

  @inlinable static var closed: Int { Int.max / 2 }

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

  init(_ task: NodeTask<Position>, iterator: Iterator, chunk: Int, alignment: Int) {
    self.iterator = iterator
    start = task.start
    size = task.size
    self.chunk = chunk
    // A chunk as large as the whole must not be cut because of where it starts.
    misalignment = chunk >= task.size ? 0 : iterator.misalignment(of: task.start, to: alignment)
    // (size + misalignment) / chunk, rounded up, without the sum
    let first = min(task.size, chunk - misalignment)
    count = task.size == 0 ? 0 : 1 + Policy.ceiling(task.size - first, chunk)
    unsafe cursor = .allocate(capacity: 1)
    unsafe cursor.initialize(to: task.start)
  }

  deinit { unsafe cursor.deallocate() }

  /// The next chunk, or nil when there is none: all taken, or closed by a failure.
  @inlinable
  public borrowing func take() -> Chunk? {
    if next.load(ordering: .relaxed) >= count { return nil }
    return Iterator.isRandomAccess ? takeAtomically() : takeLocked()
  }

  @inlinable
  borrowing func takeAtomically() -> Chunk? {
    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
    if index >= count { return nil }
    let (offset, units) = bounds(of: index)
    let from = iterator.position(offset, after: start)
    return Chunk(start: from, end: iterator.position(units, after: from), offset: offset, units: units)
  }

  @inlinable
  borrowing func takeLocked() -> Chunk? {
    lock.lock()
    let index = next.load(ordering: .relaxed)
    if index >= count {
      lock.unlock()
      return nil
    }
    let (offset, units) = bounds(of: index)
    let from = unsafe cursor.pointee
    let to = iterator.position(units, after: from)
    unsafe cursor.pointee = to
    next.store(index + 1, ordering: .relaxed)
    lock.unlock()
    return Chunk(start: from, end: to, offset: offset, units: units)
  }

  /// A chunk's offset from the start of the node task, and its length, in units.
  @inlinable
  borrowing func bounds(of index: Int) -> (offset: Int, units: Int) {
    // the product alone may pass Int.max, the difference lies within the size
    let offset = index == 0 ? 0 : index &* chunk &- misalignment
    let length = index == 0 ? chunk - misalignment : chunk
    return (offset, min(length, size - offset))
  }

  /// Lets no more chunks be handed out (R5).
  @inlinable
  borrowing func close() {
    lock.lock()
    defer { lock.unlock() }
    let before = next.exchange(Self.closed, ordering: .relaxed)
    // an addition that came after another close leaves it a little above
    if before < Self.closed { taken.store(min(before, count), ordering: .relaxed) }
  }

  /// Units not handed out yet.
  borrowing func remaining() -> Int {
    let index = next.load(ordering: .relaxed)
    return index >= count ? 0 : size - bounds(of: index).offset
  }

  /// Units handed out, and the position after the last of them. Only when no thread takes any more.
  borrowing func handedOut() -> (units: Int, end: Position) {
    let atClose = taken.load(ordering: .relaxed)
    let chunks = atClose >= 0 ? atClose : min(next.load(ordering: .relaxed), count)
    let units = chunks == count ? size : bounds(of: chunks).offset
    if !Iterator.isRandomAccess { return unsafe (units, cursor.pointee) }
    return (units, iterator.position(units, after: start))
  }
}
