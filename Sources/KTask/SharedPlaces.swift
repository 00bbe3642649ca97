internal import Glibc
internal import LinuxSystem

/// R4 across processes: the places of helpers, system-wide and on each node, that all processes of the machine share.
final class SharedPlaces: Sendable {
  /// A place that this process has.
  struct Place: BitwiseCopyable {
    fileprivate var row: Int
    fileprivate var number: Int
    /// Of the file that it was taken in.
    fileprivate var generation: Int
  }

  /// The places of the whole machine, or of one node: a row of bytes in the file.
  private struct Row {
    var limit: Int
    /// What this process has: its own locks do not refuse it anything.
    var own: [Bool]
  }

  private struct State {
    var rows: [Int: Row]
    var file: Owned?
    var generation = 0
    var process = getpid()
  }
  private final class Owned: Sendable {
    let file: PlaceFile
    init(_ file: consuming PlaceFile) { self.file = file }
  }

  /// Where root keeps the file. A directory of its own, so that only root can put anything there.
  static let directory = "/run/ktask"

  private let directory: String
  private let state: Guarded<State>

  /// More CPUs than any kernel knows, so that rows never meet.
  private static let rowLength = 1 << 16
  private static func row(of node: Int?) -> Int { node.map { $0 + 1 } ?? 0 }

  init(limit: Int, nodeLimits: [Int: Int], directory: String = SharedPlaces.directory) {
    self.directory = directory
    // entries for every node from the start: taking a place allocates nothing (R7)
    var rows = [Self.row(of: nil): Row(limit: limit, own: Array(repeating: false, count: limit))]
    for (node, limit) in nodeLimits {
      rows[Self.row(of: node)] = Row(limit: limit, own: Array(repeating: false, count: limit))
    }
    state = Guarded(State(rows: rows, file: Self.open(directory)))
  }

  private static func open(_ directory: String) -> Owned? {
    guard let file = PlaceFile(directory + "/helpers", in: directory) else { return nil }
    return Owned(file)
  }

  /// Before a task: a forked child must not use its parent's open file, nor anybody one that others do not find.
  func refresh() {
    state.withLock { state in
      if state.process == getpid(), let file = state.file?.file.isNamed, file { return }
      state.process = getpid()
      state.generation += 1
      for row in state.rows.keys { state.rows[row]!.own = Array(repeating: false, count: state.rows[row]!.limit) }
      state.file = Self.open(directory)
    }
  }

  /// False: the limits hold within this process only.
  var isMachineWide: Bool { state.withLock { $0.file != nil } }

  enum Answer {
    case place(Place)
    case full
    /// There is nothing to share.
    case unknown
  }

  /// One more place, of the machine or of `node`. Never waits.
  func take(_ node: Int? = nil) -> Answer {
    let row = Self.row(of: node)
    return state.withLock { state in
      guard let file = state.file, let limit = state.rows[row]?.limit else { return .unknown }
      // twice: two processes that try for the same place at the same moment may both be refused
      for number in [0..<limit, 0..<limit].joined() where !state.rows[row]!.own[number] {
        if !file.file.take(row * Self.rowLength + number) { continue }
        state.rows[row]!.own[number] = true
        // processes may have been told different limits for the machine; for a node all have the same
        if node == nil && Self.taken(state.rows[row]!, in: file.file) > limit {
          state.rows[row]!.own[number] = false
          file.file.release(row * Self.rowLength + number)
          continue
        }
        return .place(Place(row: row, number: number, generation: state.generation))
      }
      return .full
    }
  }

  func release(_ place: Place) {
    state.withLock { state in
      if place.generation != state.generation { return }
      state.rows[place.row]!.own[place.number] = false
      state.file?.file.release(place.row * Self.rowLength + place.number)
    }
  }

  /// How many more places of the machine may be taken.
  var left: Int? {
    state.withLock { state in
      guard let file = state.file, let row = state.rows[Self.row(of: nil)] else { return nil }
      return max(0, row.limit - Self.taken(row, in: file.file))
    }
  }

  /// Places of the machine's row that this process or another has, wherever they lie: others may have higher limits.
  private static func taken(_ row: Row, in file: borrowing PlaceFile) -> Int {
    row.own.count { $0 } + taken(row, in: file, 0..<rowLength)
  }

  /// Those that only others have. The kernel tells any run of them, not the first: what lies on both sides is asked for
  /// anew.
  private static func taken(_ row: Row, in file: borrowing PlaceFile, _ range: Range<Int>) -> Int {
    guard let run = file.taken(in: range) else { return 0 }
    // another that tries for a place of ours has it for a moment, too
    let ours = row.own[run.clamped(to: 0..<row.limit)].count { $0 }
    return run.count - ours + taken(row, in: file, range.lowerBound..<run.lowerBound)
      + taken(row, in: file, run.upperBound..<range.upperBound)
  }
}
