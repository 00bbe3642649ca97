public import CLinux
public import Synchronization

/// A word that threads wait on (futex(2)), at an address of its own.
@frozen
@safe
public struct FutexWord: ~Copyable, @unchecked Sendable {
  // @unchecked: the pointee is an Atomic, and the pointer never changes.
  @usableFromInline let word: UnsafeMutablePointer<Atomic<UInt32>>

  public init(_ value: UInt32) {
    unsafe word = .allocate(capacity: 1)
    unsafe word.initialize(to: Atomic(value))
  }

  deinit {
    unsafe word.deinitialize(count: 1)
    unsafe word.deallocate()
  }

  /// Where the word is: good for as long as this value lives.
  @inlinable public var address: UnsafePointer<UInt32> {
    unsafe UnsafePointer(UnsafeRawPointer(word).assumingMemoryBound(to: UInt32.self))
  }

  /// The value; what was written before it was stored can be read (acquiring).
  @inlinable public borrowing func load() -> UInt32 { unsafe word.pointee.load(ordering: .acquiring) }
  /// Stores a value, for those who load it (releasing). Wakes nobody.
  @inlinable public borrowing func store(_ value: UInt32) {
    unsafe word.pointee.store(value, ordering: .releasing)
  }
  /// Stores a value; the one before.
  @inlinable public borrowing func exchange(_ value: UInt32) -> UInt32 {
    unsafe word.pointee.exchange(value, ordering: .acquiringAndReleasing)
  }
  /// Stores `desired` where the value is `expected`; whether it was.
  @inlinable public borrowing func compareExchange(_ expected: UInt32, _ desired: UInt32) -> Bool {
    unsafe word.pointee.compareExchange(
      expected: expected, desired: desired, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Sleeps until woken, unless the value is not `expected` (any more); returns without cause, too.
  /// False when `nanoseconds` (negative: no limit) passed first.
  @inlinable
  @discardableResult
  public borrowing func wait(while expected: UInt32, nanoseconds: Int = -1) -> Bool {
    unsafe clinux_futex_wait(address, expected, Int64(nanoseconds)) != Errno.timedOut.code
  }

  /// Wakes so many of those that sleep.
  @inlinable public borrowing func wake(_ count: Int32 = .max) { unsafe clinux_futex_wake(address, count) }

  /// One turn of a spin loop.
  public static func spinPause() { clinux_spin_pause() }

  /// Waits awake for so many turns; whether the value became `wanted`.
  public borrowing func spin(until wanted: UInt32, _ spins: Int) -> Bool { spin(spins) { $0 == wanted } }

  /// The same; whether the value became another than `unwanted`.
  public borrowing func spin(while unwanted: UInt32, _ spins: Int) -> Bool { spin(spins) { $0 != unwanted } }

  /// The same; whether the value became a right one. Gives way now and then: whoever is to store it may be waiting for this
  /// very CPU.
  public borrowing func spin(_ spins: Int, until isRight: (UInt32) -> Bool) -> Bool {
    for turn in 1...spins {
      if isRight(load()) { return true }
      if turn.isMultiple(of: 32) { clinux_yield() } else { Self.spinPause() }
    }
    return isRight(load())
  }
}

/// A lock of one word for a few instructions' work, which allocates nothing and tells the compiler so.
///
/// A child that was forked while a thread of its parent held the lock has the lock's copy and not the thread: it takes the
/// lock over, and is told.
@frozen
public struct FutexLock: ~Copyable, Sendable {
  /// 0: free. Else the generation whose thread holds it, with `sleepers` where somebody may sleep.
  @usableFromInline let word = FutexWord(0)
  @inlinable static var sleepers: UInt32 { 1 << 31 }

  public init() {}

  /// Waits asleep until it is free. True: it was inherited held, from a thread that will never give it back, so that what
  /// it guards may be half changed. Not for signal handlers.
  @inlinable
  @discardableResult
  public borrowing func lock() -> Bool {
    let own = Generation.current
    if word.compareExchange(0, own) { return false }
    while true {
      let found = word.load()
      if found == 0 {
        if word.compareExchange(0, own | Self.sleepers) { return false }
      } else if found & ~Self.sleepers != own {
        if word.compareExchange(found, own | Self.sleepers) { return true }
      } else if found & Self.sleepers != 0 || word.compareExchange(found, found | Self.sleepers) {
        word.wait(while: own | Self.sleepers)
      }
    }
  }

  /// Wakes one of those that wait.
  @inlinable
  public borrowing func unlock() {
    if word.exchange(0) & Self.sleepers != 0 { word.wake(1) }
  }
}
