internal import Glibc
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
  private let process = getpid()
  /// By node; complete from the start, so that taking a place allocates nothing (R7).
  private let nodes: [Int: Row]
  private let machine: Row
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

  /// Whether others find the same file, and this process is the one that opened it.
  var isCurrent: Bool { process == getpid() && file.isNamed }

  enum Answer {
    case place(Place)
    case full
    /// There is nothing to share.
    case unknown
  }

  /// One more place, of the machine or of `node`. Never waits.
  func take(_ node: Int? = nil) -> Answer {
    guard let row = node.map({ nodes[$0] }) ?? machine else { return .unknown }
    // twice: two processes that try for the same place at the same moment may both be refused
    for number in [0..<row.limit, 0..<row.limit].joined() {
      let place = Place(byte: row.firstByte + number, flag: row.firstFlag + number)
      if !take(place) { continue }
      // processes may have been told different limits for the machine; for a node all have the same
      if node != nil || takenOfMachine <= row.limit { return .place(place) }
      release(place)
    }
    return .full
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
    if process != getpid() { return }
    file.release(place.byte)
    unsafe own[place.flag].store(false, ordering: .releasing)
  }
}

/// What is taken, by whomever.
extension PlaceTable {
  /// How many more places of the machine may be taken.
  var left: Int { max(0, machine.limit - takenOfMachine) }

  /// Places that this process or another has, wherever in the row they lie: others may have higher limits.
  private var takenOfMachine: Int { ownOfMachine(0..<machine.limit) + takenByOthers(in: 0..<Self.rowLength) }

  private func ownOfMachine(_ range: Range<Int>) -> Int {
    range.clamped(to: 0..<machine.limit).reduce(0) { unsafe $0 + (own[$1].load(ordering: .relaxed) ? 1 : 0) }
  }

  /// Those that only others have. The kernel tells any run of them, not the first: what lies on both sides is asked for
  /// anew.
  private func takenByOthers(in range: Range<Int>) -> Int {
    guard let run = file.taken(in: range) else { return 0 }
    // another that tries for a place of ours has it for a moment, too
    return run.count - ownOfMachine(run) + takenByOthers(in: range.lowerBound..<run.lowerBound)
      + takenByOthers(in: run.upperBound..<range.upperBound)
  }
}
