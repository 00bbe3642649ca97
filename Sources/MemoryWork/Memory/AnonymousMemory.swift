internal import KTask
internal import LinuxSystem

/// Memory of no file that a job is to make: how much of it, in which pages and where. What is mapped of it for a run is the
/// run's (`MappedPieces`).
public final class AnonymousMemory {
  public let bytes: Int
  public let page: PageKind
  /// nil: where the kernel puts it.
  public private(set) var placement: Placement?
  /// Its node tasks; one of no node where it is not placed.
  private(set) var parts: [Span]

  /// `bytes` are rounded up to whole pages.
  public init(bytes: Int, page: PageKind) throws(MemoryError) {
    guard let whole = rounded(bytes, up: page.smallestPage) else { throw MemoryError.tooMuch(bytes) }
    self.bytes = whole
    self.page = page
    parts = [Span(region: 0, range: 0..<whole)]
  }

  /// Bytes of a page that faults one by one.
  var pageSize: Int { page.smallestPage }

  /// Shares it out among nodes, as far as they have pages; before `checks` and `map`.
  public func place(_ placement: Placement, _ stock: inout NodeStock) {
    self.placement = placement
    parts = placement.parts(
      of: 0, length: bytes, missing: Extents([0..<bytes]), pageSize: pageSize, alignment: page.alignment, &stock)
  }

  func checks(_ facts: MachineFacts) -> [Check] {
    if placement?.policy == .bind {
      return parts.flatMap { part in
        part.node.map { facts.nodeChecks(part.range.count, on: $0, pageSize: pageSize) } ?? []
      }
        + facts.cgroupChecks(bytes, pageSize: pageSize)
    }
    if case .huge(let size) = page { return facts.hugePageChecks(bytes, pageSize: size) }
    return facts.memoryChecks(bytes)
  }

  /// Maps it afresh, with the advice that must come before the first touch.
  func map() throws(MemoryError) -> Owned<Mapping> {
    let mapping: Owned<Mapping>
    do throws(Errno) {
      if case .huge(let size) = page {
        mapping = Owned(try Mapping.hugePages(bytes, pageSize: size))
      } else {
        mapping = Owned(try Mapping.anonymous(bytes, alignment: page.alignment))
        try advise(mapping.value.address)
      }
    } catch {
      throw MemoryError.mapping(error, bytes: bytes, pageSize: pageSize).lookingAtPool(need: bytes)
    }
    try attempting(.place, nil) { () throws(Errno) in
      try placement?.apply(to: parts, at: mapping.value.address, length: bytes)
    }
    return mapping
  }

  /// A kernel without transparent huge pages has nothing to forbid, and says EINVAL.
  private func advise(_ address: UInt) throws(Errno) {
    do throws(Errno) {
      try Memory.adviseHuge(address, bytes, page == .transparent)
    } catch .invalid where page != .transparent {}
  }
}

extension MemoryError {
  /// More than any machine has, in whole pages.
  fileprivate static func tooMuch(_ bytes: Int) -> MemoryError {
    let memory = asking { () throws(Unreadable) in try MemoryInfo.current() }
    guard let memory = memory.known else { return .mapping(.noMemory, bytes: bytes, pageSize: MemoryInfo.basePageSize) }
    return MemoryError(.short(Check(.memory, need: bytes, have: MachineFacts.available(in: memory))))
  }
}

extension [AnonymousMemory] {
  var pageSize: Int { reduce(MemoryInfo.basePageSize) { Swift.max($0, $1.pageSize) } }
  var alignment: Int { reduce(MemoryInfo.basePageSize) { Swift.max($0, $1.page.alignment) } }
  var nodeTasks: [Span] {
    enumerated().flatMap { index, piece in piece.parts.clamped(to: 0..<piece.bytes, region: index) }
  }
}

/// Pieces of anonymous memory, mapped for one run.
final class MappedPieces: MappedMemory {
  private let pieces: [AnonymousMemory]
  private var mappings: [Owned<Mapping>] = []
  let table: RegionTable
  var madeWith: TaskControl?

  init(_ pieces: [AnonymousMemory], _ recipe: Recipe) throws(MemoryError) {
    self.pieces = pieces
    var regions: [Region] = []
    for piece in pieces {
      let mapping = try piece.map()
      mappings.append(mapping)
      var region = Region(
        address: mapping.value.address, length: piece.bytes, pageSize: piece.pageSize, recipe: recipe)
      region.isTransparent = piece.page == .transparent
      regions.append(region)
    }
    table = RegionTable(regions, present: [])
  }

  var nodeTasks: [Span] { pieces.nodeTasks }

  func path(_ region: Int) -> String? { nil }

  func verifyResident(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    let facts = try table.countPages(nodeTasks, pieces.map(\.placement), control, monitor, path: path)
    for (piece, found) in zip(pieces, facts) where found.residentBytes < piece.bytes {
      throw MemoryError(.notResident(bytes: piece.bytes - found.residentBytes))
    }
    var verification = Verification(facts, pageSize: pieces.pageSize)
    let huge = pieces.alignment
    if huge > pieces.pageSize, let bytes = verification.hugeBytes, bytes *| 2 > pieces.map(\.bytes).sum() {
      verification.pageSize = huge
    }
    return verification
  }

  /// munmap(2) is one thread's: what takes it long is given back before.
  func giveBack(_ monitor: TaskMonitor?) -> GivenBack {
    let made = madeWith == nil ? 0 : pieces.map(\.bytes).sum()
    if pieces.alignment > MemoryInfo.basePageSize { madeWith = nil }
    var given = giveBack(PopulatePages(table), nodeTasks, monitor)
    given.bytes = made
    return given
  }

  func unmap() -> Bool {
    mappings = []
    return true
  }
}
