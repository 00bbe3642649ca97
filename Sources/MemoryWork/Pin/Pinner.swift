internal import KTask
internal import LinuxSystem

/// What pins memory: what it needs before the first chunk, and how it is made ready for a run.
protocol Pinner: AnyObject {
  associatedtype Pins: MadePins

  /// What must hold beforehand, besides what the memory itself needs.
  func checks(_ memory: PinnedMemory, _ facts: MachineFacts) -> [Check]
  /// What chunks must have at least, and in multiples, so that there are not more pieces than can be pinned.
  var leastChunk: Int { get }
  /// nil: a chunk makes its pages and pins them. Else all pages are made first, and pinned then by this many threads at
  /// most: pinning that has the process's address space to itself for moments stops those that make pages.
  var threadsApart: Int? { get }
  /// Makes whatever chunks need, so that they allocate nothing; chunks have `alignment` bytes, or a multiple, but for the
  /// last one of a part.
  func pins(_ memory: PinnedMemory, alignment: Int) throws(MemoryError) -> Pins
}

/// The pins of a run: its chunks make them, and `release` ends them.
protocol MadePins: AnyObject {
  associatedtype Work: MemoryTaskWork

  func work(_ table: RegionTable) -> Work
  /// After a finished run: adds what the kernel says is pinned, and throws where that is too little.
  func verify(_ memory: PinnedMemory, _ verification: inout Verification) throws(MemoryError)
  /// Unpins whatever is still pinned; true when nothing is pinned any more.
  func release() -> Bool
}

/// Pieces that a pin is cut into at most, where nothing else bounds them: half as many as one ring has places, which leaves
/// room for the short ones at the ends of parts.
let mostPieces = BufferRing.mostPlaces / 2

/// The least chunk of a pin: mappings of the size asked for are not cut by chunks, and there are no more than `most` of them.
func leastPinnedChunk(_ bytes: Int, mapSize: Int?, most: Int?) -> Int {
  if let mapSize, mapSize <= usualMinimumChunk { return mapSize }
  return max(1, bytes.pieces(of: max(1, min(mostPieces, most ?? .max))))
}

/// Pieces of no more than `largest` bytes that parts of so many bytes take at most, in chunks of multiples of `alignment`: a
/// chunk's last piece is short, unless pieces divide chunks.
func pinPieces(_ parts: [Int], largest: Int, alignment: Int) -> Int {
  parts.map { part in
    if largest >= alignment { return part.pieces(of: alignment) }
    return part.pieces(of: largest) +| (alignment % largest == 0 ? 0 : part.pieces(of: alignment))
  }.sum()
}

extension Recipe {
  /// How pages are made before they are pinned: not at all where cold memory is to be pinned.
  static func pinning(_ wanted: Method?, path: String?) throws(MemoryError) -> (Recipe, Method?) {
    if wanted == .mapCold { return (Recipe(pages: .none), .mapCold) }
    return try populating(wanted, path: path)
  }
}
