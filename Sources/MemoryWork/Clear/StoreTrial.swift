internal import LinuxSystem

/// Which store clears fastest: all of them, in turns of so many bytes each, round by round. Arithmetic on what pieces of memory
/// took, so that a table can test it.
///
/// Which one wins differs from CPU to CPU, with how many threads clear at once, and no table keeps up.
struct StoreTrial: BitwiseCopyable {
  /// Bytes of a turn.
  let turn: Int
  /// Turns that are over, and what was done in this one.
  private var turns = 0
  private var bytes = 0
  private var nanoseconds: UInt64 = 0
  /// Bytes a second, in the fastest turn of each.
  private var memset = 0.0
  private var repStosb = 0.0
  private var nonTemporal = 0.0

  /// More than a core's own caches hold, so that memory is what counts.
  static var usualTurn: Int { 16 << 20 }
  /// The first round does not count: the caches' lines are those of whoever was there before.
  static var rounds: Int { 3 }
  /// Less than so many bytes are not worth the turns of the slower stores.
  static var leastBytes: Int { 512 << 20 }

  init(turn: Int = usualTurn) { self.turn = turn }

  private static var stores: Int { 3 }

  /// Who has the turn of that number.
  @_noLocks
  static func store(_ turn: Int) -> Memory.Store {
    switch turn % stores {
    case 0: .memset
    case 1: .repStosb
    default: .nonTemporal
    }
  }

  /// Who has the turn, and the bytes that are left of it.
  @_noLocks
  func current() -> Memory.Store { Self.store(turns) }
  @_noLocks
  func left() -> Int { turn - bytes }

  /// Learns what so many bytes took of the turn.
  @_noLocks
  mutating func note(_ bytes: Int, _ nanoseconds: UInt64) {
    self.bytes += bytes
    self.nanoseconds &+= nanoseconds
    if self.bytes < turn { return }
    let rate = Double(self.bytes) / Double(max(1, self.nanoseconds)) * 1e9
    if turns >= Self.stores { note(rate) }
    turns += 1
    (self.bytes, self.nanoseconds) = (0, 0)
  }

  @_noLocks
  private mutating func note(_ rate: Double) {
    switch Self.store(turns) {
    case .memset: memset = max(memset, rate)
    case .repStosb: repStosb = max(repStosb, rate)
    case .nonTemporal: nonTemporal = max(nonTemporal, rate)
    }
  }

  /// The number of the fastest one's first turn; nil: not known yet.
  @_noLocks
  func fastest() -> Int? {
    if turns < Self.stores * Self.rounds { return nil }
    if memset >= repStosb && memset >= nonTemporal { return 0 }
    return repStosb >= nonTemporal ? 1 : 2
  }

  /// Bytes a second of each, once all have had their turns.
  var rates: [Memory.Store: Double] {
    fastest() == nil ? [:] : [.memset: memset, .repStosb: repStosb, .nonTemporal: nonTemporal]
  }
}
