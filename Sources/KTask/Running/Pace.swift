public import LinuxSystem

/// How much one thread takes at a time. The clock decides: a chunk is to take some milliseconds, so that cancelling,
/// progress, lending and the tail stay fine-grained where units are slow, and the cost of taking is nothing where they
/// are fast. The RFC's chunk (R2) is the most; a multiple of the alignment is the least.
@frozen
public struct Pace: BitwiseCopyable, Sendable {
  /// What chunk lengths are multiples of, in units.
  @usableFromInline let alignment: Int
  /// The most to take at a time.
  @usableFromInline let most: Int
  /// Threads that share what is left.
  @usableFromInline let threads: Int
  /// What a chunk is to take.
  @usableFromInline let time: ChunkTime
  /// False: chunks are of `most` units, and no clock is read.
  @usableFromInline let isTimed: Bool
  /// What to take next, while there is plenty.
  @usableFromInline var units: Int
  /// When the thread was last ready for a chunk (CLOCK_MONOTONIC).
  @usableFromInline var since: UInt64 = 0
  /// By the last chunk; 0 before the first.
  @usableFromInline var nanosecondsPerUnit = 0.0

  /// The first chunk is a small part of the most, and no more than `first`: nothing is known yet. Where there is no choice, the
  /// clock is read only if the pace itself `isAsked` for.
  init(most: Int, first: Int = .max, alignment: Int, threads: Int, time: ChunkTime?, isAsked: Bool = false) {
    self.most = most
    self.alignment = alignment
    self.threads = threads
    self.time = time ?? .usual
    isTimed = time != nil && (most > alignment || isAsked)
    units = isTimed ? max(alignment, min(most / Self.firstPart, first) / alignment * alignment) : most
  }

  /// The first chunk's part of the most.
  static var firstPart: Int { 64 }
  /// A chunk grows by no more than this at a time: the first ones are too short to tell much.
  @inlinable static var growth: Double { 8 }
  /// Near the end chunks become smaller, but not below this part of what the clock allows.
  @inlinable static var lastPart: Int { 8 }

  @inlinable
  @_noLocks
  mutating func start() {
    if isTimed { since = Clock.now() }
  }

  /// What to take of a node task that has `rest` units left: with several threads no more than half of a thread's
  /// share, so that they end together.
  @inlinable
  @_noLocks
  func wanted(of rest: Int) -> Int {
    if !isTimed { return most }
    let share = threads == 1 ? rest : rest / threads / 2
    let least = max(alignment, units / Self.lastPart / alignment * alignment)
    return min(units, max(least, share / alignment * alignment))
  }

  /// The units that take so many nanoseconds, as far as the last chunk tells.
  @inlinable
  @_noLocks
  func units(for nanoseconds: Double) -> Int {
    if nanosecondsPerUnit == 0 { return units }
    let wanted = nanoseconds / nanosecondsPerUnit
    if wanted >= Double(most) { return most }
    return max(alignment, Int(wanted) / alignment * alignment)
  }

  /// Learns from a chunk of `done` units that has just ended.
  @inlinable
  @_noLocks
  mutating func note(_ done: Int) {
    if !isTimed { return }
    let now = Clock.now()
    let elapsed = max(1, now &- since)
    since = now
    nanosecondsPerUnit = Double(elapsed) / Double(max(1, done))
    units = Self.next(units, nanosecondsPerUnit: nanosecondsPerUnit, time: time, alignment: alignment, most: most)
  }

  /// The chunk after one of this pace: as before where that takes the right time, else what takes the middle of it.
  @inlinable
  @_noLocks
  static func next(
    _ units: Int, nanosecondsPerUnit: Double, time: ChunkTime, alignment: Int, most: Int
  ) -> Int {
    let (shortest, longest) = (Double(time.shortest), Double(time.longest))
    let expected = Double(units) * nanosecondsPerUnit
    if expected >= shortest && expected <= longest { return units }
    let aim = time.middle / nanosecondsPerUnit
    let wanted = min(aim, Double(units) * growth)
    if wanted >= Double(most) { return most }
    return max(alignment, Int(wanted) / alignment * alignment)
  }
}
