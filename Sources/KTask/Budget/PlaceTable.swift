internal import LinuxSystem
internal import Synchronization

/// The places of one opened file, and which of them this process has. Without a lock, for the reason that `HelperCounts`
/// has none. Whoever has a place keeps its table: that of a removed file lives as long as places of it are had.
@safe
final class PlaceTable: @unchecked Sendable {
  // @unchecked: the flags are atomic, and nothing else changes.

  struct Place: BitwiseCopyable {
    fileprivate let byte: Int
    fileprivate let flag: Int
  }

  /// The places of the whole machine, or of one node: a row of bytes in the file, and of flags.
  private struct Row {
    let firstByte: Int
    let firstFlag: Int
    let limit: Int
  }

  private let file: PlaceFile
  /// A forked child shares its parent's open file, and with that its locks.
  private let generation = Generation.current
  /// By node; complete from the start, so that taking a place allocates nothing (R7).
  private let nodes: [Int: Row]
  private let machine: Row
  /// Until when nobody looks any more: every look had its thread for too long.
  private let resting = Atomic<UInt64>(0)
  /// True for what this process has, or is trying for: its own locks do not refuse it anything.
  private let own: UnsafeMutablePointer<Atomic<Bool>>
  private let flagCount: Int

  /// More CPUs than any kernel knows, so that rows never meet.
  private static let rowLength = 1 << 16

  init(_ file: consuming PlaceFile, limit: Int, nodeLimits: [Int: Int]) {
    self.file = file
    machine = Row(firstByte: 0, firstFlag: 0, limit: limit)
    var (nodes, flags) = ([Int: Row](), limit)
    for (node, limit) in nodeLimits {
      nodes[node] = Row(firstByte: (node + 1) * Self.rowLength, firstFlag: flags, limit: limit)
      flags += limit
    }
    self.nodes = nodes
    flagCount = flags
    unsafe own = .allocate(capacity: flags)
    for index in 0..<flags { unsafe (own + index).initialize(to: Atomic(false)) }
  }

  deinit {
    unsafe own.deinitialize(count: flagCount)
    unsafe own.deallocate()
  }

  /// Whether others find the same file, and this process is the one that opened it, and has not closed it since.
  var isCurrent: Bool { generation == Generation.current && file.isNamed }

  enum Answer {
    case place(Place)
    case full
    /// There is nothing to share.
    case unknown
  }

  /// One more place, of the machine or of `node`. Never waits.
  func take(_ node: Int? = nil) -> Answer {
    guard let row = node.map({ nodes[$0] }) ?? machine else { return .unknown }
    if !file.isOpen { return .full }
    var look = Look()
    // twice: two processes that try for the same place at the same moment may both be refused
    for _ in 0..<2 {
      guard let place = firstFree(of: row, &look) else { continue }
      // processes may have been told different limits for the machine; for a node all have the same
      if node != nil || takenOfMachine(&look) <= row.limit { return .place(place) }
      release(place)
    }
    return .full
  }

  private func firstFree(of row: Row, _ look: inout Look) -> Place? {
    for number in 0..<row.limit {
      if isOver(&look) { return nil }
      let place = Place(byte: row.firstByte + number, flag: row.firstFlag + number)
      if take(place) { return place }
    }
    return nil
  }

  private func take(_ place: Place) -> Bool {
    let (isMine, _) = unsafe own[place.flag].compareExchange(expected: false, desired: true, ordering: .acquiring)
    if !isMine { return false }
    if file.take(place.byte) { return true }
    unsafe own[place.flag].store(false, ordering: .releasing)
    return false
  }

  func release(_ place: Place) {
    // a forked child that gave it back would give back its parent's
    if generation != Generation.current { return }
    if file.isOpen { file.release(place.byte) }
    unsafe own[place.flag].store(false, ordering: .releasing)
  }
}

/// What is taken, by whomever.
extension PlaceTable {
  /// How many more places of the machine may be taken.
  var left: Int {
    if !file.isOpen { return 0 }
    var look = Look()
    return max(0, machine.limit - takenOfMachine(&look))
  }

  /// Places that this process or another has, wherever in the row they lie: others may have higher limits. They are counted no
  /// further than beyond the limit, so that the kernel is asked a few times for each place of it at most, into however many
  /// pieces others have cut the row.
  private func takenOfMachine(_ look: inout Look) -> Int {
    var taken = ownOfMachine(0..<machine.limit)
    // the kernel tells any run in a part, not the first: what lies on both sides of it is asked for anew, the shorter side at
    // once, so that no more of them wait than the row's length has bits
    var waiting = InlineArray<17, Range<Int>>(repeating: 0..<0)
    var count = 0
    var part = 0..<Self.rowLength
    while taken <= machine.limit {
      if isOver(&look) { return machine.limit + 1 }
      if let run = file.taken(in: part) {
        // another that tries for a place of ours has it for a moment, too
        taken += run.count - ownOfMachine(run)
        let (before, after) = (part.lowerBound..<run.lowerBound, run.upperBound..<part.upperBound)
        part = before.count < after.count ? before : after
        waiting[count] = before.count < after.count ? after : before
        if !waiting[count].isEmpty { count += 1 }
      } else if count > 0 {
        count -= 1
        part = waiting[count]
      } else {
        break
      }
    }
    return taken
  }

  private func ownOfMachine(_ range: Range<Int>) -> Int {
    range.clamped(to: 0..<machine.limit).reduce(0) { unsafe $0 + (own[$1].load(ordering: .relaxed) ? 1 : 0) }
  }
}

extension PlaceTable {
  /// One look at the places. For each call the kernel walks through all locks that anybody has on the file, and any user may
  /// have as many as they like: a look that has had its thread for long ends, and all places count as taken.
  fileprivate struct Look {
    let began = Clock.now()
    /// What the thread had had of a CPU when the look was not brief any more.
    var threadsTime: UInt64?

    /// To ask for the thread's time costs as much as a look does: for so many nanoseconds nobody asks.
    static let brief: UInt64 = 500_000
    /// In nanoseconds of a CPU; a look at a thousand places takes a fraction of it.
    static let most: UInt64 = 5_000_000
    /// How long nobody looks afterwards, in nanoseconds.
    static let rest: UInt64 = 1_000_000_000
  }

  /// Whether nobody is to look any more.
  private func isOver(_ look: inout Look) -> Bool {
    let now = Clock.now()
    if now < resting.load(ordering: .relaxed) { return true }
    if now &- look.began < Look.brief { return false }
    let used = Clock.ofThread()
    guard let before = look.threadsTime else {
      look.threadsTime = used
      return false
    }
    // the kernel may forbid to read it
    if used < before || used - before < Look.most { return false }
    resting.store(now + Look.rest, ordering: .relaxed)
    return true
  }
}
