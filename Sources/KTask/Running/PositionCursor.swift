public import Synchronization

/// How far a task of opaque positions has been handed out, for several threads at once.
///
/// A lock would be held while the iterator steps, which may take long, and a helper that hardly gets a CPU would hold up all
/// others, the caller among them. So each thread steps for itself, and who is first moves the cursor; the others step again
/// from there. The head names the slot that says where the cursor is. A thread writes only into its own two slots, and of
/// these only into the one that the head does not name; who reads one that is being written finds the head changed.
@frozen
@safe
public struct PositionCursor<Position: BitwiseCopyable>: ~Copyable {
  /// Which slot it is, in bits 1 to 23, counted changes above these, and in bit 0 whether nothing more is handed out.
  @usableFromInline let head = Atomic<UInt>(0)
  /// For each thread two slots, of an offset and a position each, and room for a position that nobody else looks at.
  @usableFromInline let words: UnsafeMutablePointer<Atomic<UInt>>
  @usableFromInline let count: Int

  @inlinable static var closed: UInt { 1 }
  @inlinable static var slotBits: Int { 24 }
  /// Words that a position takes.
  @inlinable static var positionWords: Int {
    (MemoryLayout<Position>.size + MemoryLayout<UInt>.size - 1) / MemoryLayout<UInt>.size
  }
  @inlinable static var threadWords: Int { 2 * (1 + positionWords) + positionWords }

  /// At the start; no thread's number is `threads` or more. None at all: no cursor, for positions that need none.
  init(_ start: Position, threads: Int) {
    count = threads * Self.threadWords
    unsafe words = .allocate(capacity: count)
    for index in 0..<count { unsafe (words + index).initialize(to: Atomic(0)) }
    if threads > 0 { write(0, start, in: 0, by: 0) }
  }

  deinit {
    unsafe words.deinitialize(count: count)
    unsafe words.deallocate()
  }

  /// Where the cursor is, and what `head` was then. Nothing of it is of another moment.
  @inlinable
  borrowing func look(by thread: Int) -> (head: UInt, offset: Int, position: Position) {
    while true {
      let found = head.load(ordering: .acquiring)
      let (offset, position) = read(Self.slot(found), by: thread)
      if head.load(ordering: .acquiring) == found { return (found, offset, position) }
    }
  }

  /// Moves the cursor from where it was with that head; false if it is not there any more, or closed.
  @inlinable
  borrowing func move(from found: UInt, to offset: Int, _ position: Position, by thread: Int) -> Bool {
    let slot = Self.slot(found) == 2 * thread ? 2 * thread + 1 : 2 * thread
    write(offset, position, in: slot, by: thread)
    let changes = (found >> UInt(Self.slotBits)) &+ 1
    let next = changes << UInt(Self.slotBits) | UInt(slot) << 1
    return head.compareExchange(expected: found, desired: next, ordering: .acquiringAndReleasing).exchanged
  }

  /// Lets nobody move it any more.
  @inlinable borrowing func close() { head.bitwiseOr(Self.closed, ordering: .acquiringAndReleasing) }

  @inlinable static func slot(_ head: UInt) -> Int { Int(head >> 1 & (1 << UInt(slotBits - 1) - 1)) }

  /// A thread's words.
  @inlinable borrowing func words(of thread: Int) -> UnsafeMutablePointer<Atomic<UInt>> {
    unsafe words + thread * Self.threadWords
  }

  @inlinable borrowing func words(ofSlot slot: Int) -> UnsafeMutablePointer<Atomic<UInt>> {
    unsafe words(of: slot / 2) + slot % 2 * (1 + Self.positionWords)
  }

  @inlinable borrowing func room(of thread: Int) -> UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(words(of: thread) + 2 * (1 + Self.positionWords))
  }

  @inlinable
  borrowing func read(_ slot: Int, by thread: Int) -> (offset: Int, position: Position) {
    let (from, room) = unsafe (words(ofSlot: slot), room(of: thread))
    // acquiring: what is seen of a later moment brings that moment's head along
    let offset = unsafe Int(bitPattern: from.pointee.load(ordering: .acquiring))
    for index in 0..<Self.positionWords {
      let word = unsafe from[1 + index].load(ordering: .acquiring)
      unsafe room.storeBytes(of: word, toByteOffset: index * MemoryLayout<UInt>.size, as: UInt.self)
    }
    return unsafe (offset, room.loadUnaligned(as: Position.self))
  }

  @inlinable
  borrowing func write(_ offset: Int, _ position: Position, in slot: Int, by thread: Int) {
    let (to, room) = unsafe (words(ofSlot: slot), room(of: thread))
    unsafe room.storeBytes(of: position, as: Position.self)
    unsafe to.pointee.store(UInt(bitPattern: offset), ordering: .releasing)
    for index in 0..<Self.positionWords {
      let word = unsafe room.loadUnaligned(fromByteOffset: index * MemoryLayout<UInt>.size, as: UInt.self)
      unsafe to[1 + index].store(word, ordering: .releasing)
    }
  }
}
