internal import LinuxSystem

/// What a stock has several of: files of one size, of one kind of pages, on the same nodes.
public struct StockKind: Hashable, Sendable {
  /// The size of each, as fstat(2) tells it.
  public var bytes: Int
  /// In transparent huge pages, which a tmpfs gives to whom asks.
  public var isTransparent: Bool
  /// nil: wherever the kernel has put them.
  public var placement: Placement?

  public init(bytes: Int, isTransparent: Bool = false, placement: Placement? = nil) {
    self.bytes = bytes
    self.isTransparent = isTransparent
    self.placement = placement
  }

  /// Whether a file of this kind is what somebody wants who asks for `wanted`: who says nothing of nodes takes any.
  public func satisfies(_ wanted: StockKind) -> Bool {
    bytes == wanted.bytes && isTransparent == wanted.isTransparent
      && (wanted.placement == nil || placement == wanted.placement)
  }

  /// As names have it, and people read it: `8G-any`, `8G-n0`, `1G-thp-i0-1`.
  public var text: String {
    ([sizeText] + (isTransparent ? [Self.transparent] : []) + [nodesText]).joined(separator: "-")
  }

  fileprivate static let transparent = "thp"
  fileprivate static let anywhere = "any"

  /// In the largest unit that divides it.
  private var sizeText: String {
    let power = min(bytes.trailingZeroBitCount / 10, Self.units.count)
    return power == 0 ? "\(bytes)" : "\(bytes >> (power * 10))" + Self.units[power - 1]
  }

  fileprivate static let units = ["K", "M", "G", "T", "P", "E"]

  private var nodesText: String {
    guard let placement else { return Self.anywhere }
    return placement.policy.letter + placement.nodes.description
  }
}

extension Placement.Policy {
  /// Before the nodes in a name.
  fileprivate var letter: String {
    switch self {
    case .bind: "n"
    case .interleave: "i"
    case .preferred: "p"
    }
  }
}

/// A file's name in a stock, which is all that says of it what it is: `ready-8G-n0-00c0ffee00c0ffee`.
public struct StockName: Hashable, Sendable {
  public enum State: String, Sendable, CaseIterable {
    /// Cleared, verified and nobody's.
    case ready
    /// Somebody is making it; or was, and is gone.
    case making
    /// Somebody had it, and what he wrote is in it.
    case returned
  }
  public var state: State
  public var kind: StockKind
  /// No two files of a stock have the same: who has looked at one cannot meet another of its name.
  public var id: UInt64

  public init(_ state: State, _ kind: StockKind, id: UInt64) {
    self.state = state
    self.kind = kind
    self.id = id
  }

  /// A new one.
  static func random(_ state: State, _ kind: StockKind) -> StockName {
    StockName(state, kind, id: UInt64.random(in: .min ... .max))
  }

  public var text: String {
    let digits = String(id, radix: 16)
    return "\(state.rawValue)-\(kind.text)-" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// nil: nothing of a stock's. A name that says the same in other words is none: each file has one.
  public init?(_ text: String) {
    // nodes are written with dashes of their own: the rest of the name is on both sides of them
    var parts = text.split(at: UInt8(ascii: "-"), keepingEmpty: true)
    guard parts.count >= 4, let state = State(rawValue: String(parts[0])), let bytes = Self.bytes(parts[1]),
      let id = UInt64(parts.removeLast(), radix: 16)
    else { return nil }
    let isTransparent = parts.count > 3 && isSameName(String(parts[2]), StockKind.transparent)
    let words = parts.dropFirst(isTransparent ? 3 : 2).joined(separator: "-")
    let placement = Self.placement(words)
    if placement == nil && !isSameName(words, StockKind.anywhere) { return nil }
    self.init(state, StockKind(bytes: bytes, isTransparent: isTransparent, placement: placement), id: id)
    if !isSameName(self.text, text) { return nil }
  }

  private static func bytes(_ word: Substring) -> Int? {
    let power = word.last.flatMap { letter in StockKind.units.firstIndex { $0 == String(letter) } }.map { $0 + 1 } ?? 0
    guard let number = Int(power == 0 ? word : word.dropLast()), number > 0 else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << (power * 10))
    return overflow ? nil : bytes
  }

  /// nil: no words for nodes.
  private static func placement(_ words: String) -> Placement? {
    guard let letter = words.first,
      let policy = Placement.Policy.allCases.first(where: { $0.letter == String(letter) }),
      let nodes = nodes(words.dropFirst())
    else { return nil }
    return Placement(nodes, policy)
  }

  private static func nodes(_ list: Substring) -> NodeSet? {
    var numbers: [Int] = []
    for part in list.split(at: UInt8(ascii: ","), keepingEmpty: true) {
      let ends = part.split(at: UInt8(ascii: "-"), keepingEmpty: true).map { Int($0) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        0 <= first, first <= last, last <= largestNode
      else { return nil }
      numbers += first...last
    }
    return NodeSet(numbers)
  }

  /// No kernel has more nodes.
  private static let largestNode = 1023
}
