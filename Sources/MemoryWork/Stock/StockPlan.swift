internal import LinuxSystem

/// What makes a stock what was asked for: arithmetic on what it has.
public struct StockPlan: Equatable, Sendable {
  /// Dirty files that are cleaned.
  public var cleaned: [StockName] = []
  /// How many are made that were not there.
  public var made = 0
  /// How many more could be made in place of dirty ones that turn out to be of no use here.
  public var spare = Int.max
  /// How many are lacking that there may be no memory for.
  public private(set) var short = 0
  /// Dirty files that nobody needs, whose memory is given back.
  public var dropped: [StockName] = []
  /// Those that came back and are not needed, and might lie where one of the `others` wants them.
  public var doubtful: [StockName] = []
  /// How many become ready at once: whatever dirty ones turn out not to be had.
  private(set) var atOnce = Int.max
  /// Kinds of the same size that the stock is kept for, too.
  public var others: [StockKind] = []

  /// `count`: files of `kind` that are to be ready. `mostBytes`: of memory, in all of the stock; nil: as much as that takes.
  public init(_ contents: StockContents, _ kind: StockKind, count: Int, mostBytes: Int? = nil) {
    // what others are making is there in a moment
    let lacking = max(0, count - contents.count(.ready, kind) - contents.count(.making, kind))
    let dirty = contents.files.filter { $0.condition == .returned && !$0.isHeld }
    let usable = dirty.map(\.name).filter { $0.canBecome(kind) }
    cleaned = Array(usable.prefix(lacking))
    made = lacking - cleaned.count
    let kept = contents.keptKinds
    others = kept.filter { $0.bytes == kind.bytes && $0 != kind }
    let surplus = usable.dropFirst(lacking)
    doubtful = others.isEmpty ? [] : surplus.filter { $0.kind != kind }
    // one that says of itself that it is ready, and is not, has been meddled with
    dropped =
      dirty.map(\.name).filter { $0.state == .ready && $0.kind == kind } + surplus.filter { !doubtful.contains($0) }
      + dirty.filter { $0.isNobodys(besides: kept + [kind]) }.map(\.name)
    if let mostBytes { fit(into: mostBytes, contents, kind, lacking) }
  }

  /// As much of it as there may be memory for, in all of the stock.
  private mutating func fit(into mostBytes: Int, _ contents: StockContents, _ kind: StockKind, _ lacking: Int) {
    let had = Dictionary(contents.files.map { ($0.name, $0.allocatedBytes) }) { first, _ in first }
    let gone = dropped.reduce(0) { $0 +| had[$1, default: 0] }
    var room = max(0, mostBytes - (contents.bytesToCome - gone))
    // one that has no memory, or only some, gets the rest
    cleaned = cleaned.filter { name in
      let rest = max(0, kind.bytes - had[name, default: 0])
      if rest > room { return false }
      room -= rest
      return true
    }
    let most = room / max(1, kind.bytes)
    made = min(lacking - cleaned.count, most)
    spare = most - made
    short = lacking - cleaned.count - made
  }

  /// So many files at once, and no more.
  public func limited(to most: Int) -> StockPlan {
    var part = self
    part.atOnce = most
    return part
  }

  /// Whether there is nothing to do.
  public var isEmpty: Bool { cleaned.isEmpty && made == 0 && dropped.isEmpty && doubtful.isEmpty }
}

extension StockFile {
  /// Whether no kind of these has a use for it. Who makes one has it for a moment before it is locked, without any memory.
  fileprivate func isNobodys(besides kinds: [StockKind]) -> Bool {
    if name.state != .returned && allocatedBytes == 0 { return false }
    return !kinds.contains { name.kind == $0 || name.canBecome($0) }
  }
}

extension StockName {
  /// Whether a dirty file may be made one of `kind`: what came back is told apart by its size alone, and where its pages lie
  /// by a look at them.
  fileprivate func canBecome(_ kind: StockKind) -> Bool {
    if state == .ready { return false }
    if self.kind == kind { return true }
    return state == .returned && self.kind.bytes == kind.bytes && self.kind.placement == nil
  }
}
