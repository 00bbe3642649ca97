public import Synchronization

/// What one thread did. Only its thread writes; the progress reader reads `units` at any time, everything else is
/// read after the join. Records lie cache lines apart.
@safe
public struct ThreadRecord<Position: BitwiseCopyable, Failure: Error>: ~Copyable {
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
  /// Who is on duty, where the task finds its knee; nil elsewhere. And its own rank there: the caller's is 0, and so it is always.
  @usableFromInline var roster: UnsafePointer<Roster>?
  @usableFromInline var rank = 0
  @usableFromInline var entry = Roster.Entry()
  /// A helper that is not on duty, and what makes the caller look at what was reported.
  @usableFromInline var rests = false
  @usableFromInline var hasReported = false
  var nanoseconds: UInt64 = 0
  var node: Int?
  var moves = 0
  /// Whose record it is; the caller's is 0.
  @usableFromInline let number: Int
  @usableFromInline var isHelper: Bool { @inlinable get { number > 0 } }

  init(
    nodeTask: Int, number: Int, pace: Pace, tail: UnsafePointer<TailGuard>? = nil
  ) {
    self.nodeTask = nodeTask
    self.number = number
    self.pace = pace
    unsafe self.tail = unsafe tail
    unsafe roster = nil
  }

  /// From now on it works under that roster's orders; what it has to report yet goes to the one before. Of a thread that is idle, or
  /// of one's own.
  mutating func enter(_ roster: UnsafePointer<Roster>, rank: Int) {
    unsafe self.roster?.pointee.add(&entry)
    unsafe self.roster = unsafe roster
    self.rank = rank
    entry = Roster.Entry()
  }

  // By pointer: a mutating method would claim the whole record, while others read `units`.

  /// Units to take next of a node task that has `rest` left; 0 where a helper is to take no more for now, and where the caller
  /// is to look at what was reported first.
  @inlinable
  static func wanted(of rest: Int, in record: UnsafeMutablePointer<Self>) -> Int {
    var units = unsafe record.pointee.pace.wanted(of: rest)
    if let roster = unsafe record.pointee.roster {
      let order = unsafe roster.pointee.order.load(ordering: .relaxed)
      if unsafe record.pointee.hasReported { return 0 }
      if unsafe record.pointee.rank >= Roster.onDuty(order) {
        unsafe record.pointee.rests = true
        return 0
      }
      unsafe record.pointee.entry.begin(order)
      if order & Roster.briefBit != 0 { units = unsafe min(units, record.pointee.pace.units(for: Roster.brief)) }
    }
    guard let tail = unsafe record.pointee.tail, unsafe record.pointee.isHelper else { return units }
    if unsafe tail.pointee.allows(units, nanosecondsPerUnit: record.pointee.pace.nanosecondsPerUnit) { return units }
    unsafe record.pointee.hasRetired = true
    return 0
  }

  @inlinable
  static func taken(_ count: Int, in record: UnsafeMutablePointer<Self>) {
    if let tail = unsafe record.pointee.tail { unsafe tail.pointee.taken(count) }
  }

  @inlinable
  static func finished(_ count: Int, in record: UnsafeMutablePointer<Self>) {
    unsafe record.pointee.chunks += 1
    // one writer: a plain addition, published for the progress reader
    unsafe record.pointee.units.store(record.pointee.units.load(ordering: .relaxed) &+ count, ordering: .relaxed)
    unsafe record.pointee.pace.note(count)
    if unsafe record.pointee.roster != nil { unsafe report(count, in: record) }
    if let tail = unsafe record.pointee.tail, unsafe !record.pointee.isHelper {
      unsafe tail.pointee.publish(record.pointee.pace.nanosecondsPerUnit)
    }
  }

  @inlinable
  static func report(_ count: Int, in record: UnsafeMutablePointer<Self>) {
    guard let roster = unsafe record.pointee.roster else { return }
    let elapsed = unsafe Int(record.pointee.pace.nanosecondsPerUnit * Double(count))
    let order = unsafe roster.pointee.order.load(ordering: .relaxed)
    if unsafe !record.pointee.entry.end(count, elapsed, order) { return }
    unsafe roster.pointee.add(&record.pointee.entry)
    unsafe record.pointee.hasReported = unsafe !record.pointee.isHelper
  }

  @inlinable
  static func failed<Iterator: PositionIterator>(
    _ chunk: ChunkQueue<Iterator>.Chunk, _ error: Failure, in record: UnsafeMutablePointer<Self>
  ) where Iterator.Position == Position {
    unsafe record.pointee.failure = unsafe FailedChunk(
      nodeTask: record.pointee.nodeTask, start: chunk.start, end: chunk.end, offset: chunk.offset, units: chunk.units,
      error: error)
  }
}
