public import Synchronization

/// Which of the threads of a task, or of a node's part of it, are on duty, where it finds its knee: those of the first so many
/// ranks; and what they have measured since the last order.
///
/// The caller alone gives orders. The others read one before each chunk, and add to the sums when they have worked for a moment.
@frozen
public struct Roster: ~Copyable {
  /// How many are on duty, whether chunks are to be brief, the number of the round of reports, and above these the order's number.
  @usableFromInline let order: Atomic<Int>
  /// Units of chunks that have ended.
  @usableFromInline let done = Atomic<Int>(0)
  /// Of chunks that began and ended under one order: units, the threads' nanoseconds, how often these were added, and by how
  /// many threads, each counted once a round. They only grow: the caller looks at differences.
  @usableFromInline let units = Atomic<Int>(0)
  @usableFromInline let nanoseconds = Atomic<Int>(0)
  @usableFromInline let reports = Atomic<Int>(0)
  @usableFromInline let reporters = Atomic<Int>(0)
  /// Threads that have found nothing left here, and something elsewhere.
  private let leavers = Atomic<Int>(0)

  @inlinable static var countMask: Int { (1 << 20) - 1 }
  @inlinable static var briefBit: Int { 1 << 20 }
  @inlinable static var roundUnit: Int { 1 << 21 }
  @inlinable static var roundMask: Int { (1 << 32) - roundUnit }
  @inlinable static var numberUnit: Int { 1 << 32 }
  /// What a brief chunk takes, in nanoseconds.
  @inlinable static var brief: Double { 1e6 }
  /// A thread reports when it has worked for so many nanoseconds, however short its chunks are.
  @inlinable static var moment: Int { 250_000 }

  init(onDuty: Int, isBrief: Bool) { order = Atomic(Self.word(onDuty, isBrief)) }

  private static func word(_ onDuty: Int, _ isBrief: Bool) -> Int { min(onDuty, countMask) | (isBrief ? briefBit : 0) }

  /// The caller's order.
  borrowing func give(onDuty: Int, isBrief: Bool) {
    let number = (order.load(ordering: .relaxed) & ~(Self.numberUnit - 1)) &+ Self.numberUnit
    order.store(number | Self.word(onDuty, isBrief), ordering: .relaxed)
  }

  /// The next round of reports under the same order.
  borrowing func nextRound() {
    let now = order.load(ordering: .relaxed)
    order.store(now & ~Self.roundMask | (now &+ Self.roundUnit) & Self.roundMask, ordering: .relaxed)
  }

  borrowing func noteLeaver() { leavers.wrappingAdd(1, ordering: .relaxed) }

  var hasLeavers: Bool { leavers.load(ordering: .relaxed) > 0 }

  @inlinable
  static func isSame(_ one: Int, _ other: Int) -> Bool { (one ^ other) & ~roundMask == 0 }

  @inlinable
  static func onDuty(_ order: Int) -> Int { order & countMask }

  /// A thread's part of it, which only that thread touches while it works.
  @frozen
  public struct Entry: BitwiseCopyable {
    /// The order under which its chunk has begun, and that of its last report.
    @usableFromInline var order = -1
    @usableFromInline var reported = -1
    /// What it has not reported yet.
    @usableFromInline var done = 0
    @usableFromInline var units = 0
    @usableFromInline var nanoseconds = 0
    @usableFromInline var working = 0

    init() {}

    /// Before a chunk under that order: what was measured under another one is not told.
    @inlinable
    @_noLocks
    mutating func begin(_ now: Int) {
      if !Roster.isSame(now, order) { (units, nanoseconds) = (0, 0) }
      order = now
    }

    /// After a chunk; whether it is time to report.
    @inlinable
    @_noLocks
    mutating func end(_ count: Int, _ elapsed: Int, _ now: Int) -> Bool {
      done &+= count
      working &+= elapsed
      if Roster.isSame(now, order) {
        units &+= count
        nanoseconds &+= elapsed
      }
      return working >= Roster.moment
    }
  }

  /// A thread's report.
  @inlinable
  borrowing func add(_ entry: inout Entry) {
    let now = order.load(ordering: .relaxed)
    done.wrappingAdd(entry.done, ordering: .relaxed)
    if entry.nanoseconds > 0 && Self.isSame(now, entry.order) {
      nanoseconds.wrappingAdd(entry.nanoseconds, ordering: .relaxed)
      units.wrappingAdd(entry.units, ordering: .relaxed)
      reports.wrappingAdd(1, ordering: .relaxed)
      if entry.reported != now { reporters.wrappingAdd(1, ordering: .relaxed) }
      entry.reported = now
    }
    (entry.done, entry.units, entry.nanoseconds, entry.working) = (0, 0, 0, 0)
  }
}
