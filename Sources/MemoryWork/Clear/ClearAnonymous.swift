public import KTask
internal import LinuxSystem
internal import Synchronization

/// clear, anonymous, and what is pinned in a second pass: a chunk is MADV_POPULATE_WRITE (or a touch of every page), its
/// undo MADV_DONTNEED; of a file it gives back what was not there before.
@safe
struct PopulatePages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  static var undoManner: UndoManner { .pieces }
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Atomic<Int>>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    do throws(Errno) {
      try region.makePages(region.address + UInt(start.offset), end.offset - start.offset)
    } catch {
      _ = region.giveBackNew(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: region.recipe.operation(), errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    let bytes = unsafe regions[start.region].giveBackNew(from: start.offset, to: end.offset)
    unsafe givenBack.pointee.wrappingAdd(bytes, ordering: .relaxed)
  }
}

extension Region {
  /// Makes pages present by the region's recipe.
  @_noLocks
  func makePages(_ address: UInt, _ length: Int) throws(Errno) {
    switch recipe.pages {
    case .none: break
    case .populate: try Memory.populate(address, length, writing: recipe.writing)
    case .touch: try Memory.touch(address, length, stride: pageSize, writing: recipe.writing)
    }
  }
}

/// `clear` without FILE, and the memory that `pin` locks.
public final class AnonymousMemory {
  public let bytes: Int
  public let page: PageKind
  /// nil: where the kernel puts it.
  public private(set) var placement: Placement?
  /// Its node tasks; one of no node where it is not placed.
  private(set) var parts: [Span]
  private var mapping: Owned<Mapping>?

  /// Where it is mapped; after `map`.
  var address: UInt { mapping!.value.address }

  /// `bytes` are rounded up to whole pages.
  public init(bytes: Int, page: PageKind) throws(MemoryError) {
    guard let whole = rounded(bytes, up: page.smallestPage) else {
      throw MemoryError(.short(Check(.memory, need: bytes, have: 0)))
    }
    self.bytes = whole
    self.page = page
    parts = [Span(region: 0, range: 0..<whole)]
  }

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
  func map() throws(MemoryError) {
    mapping = nil
    do throws(Errno) {
      if case .huge(let size) = page {
        mapping = Owned(try Mapping.hugePages(bytes, pageSize: size))
      } else {
        mapping = Owned(try Mapping.anonymous(bytes, alignment: page.alignment))
        try advise()
      }
    } catch {
      throw MemoryError.mapping(error, bytes: bytes, pageSize: pageSize).lookingAtPool(need: bytes)
    }
    try attempting(.place, nil) { () throws(Errno) in
      try placement?.apply(to: parts, at: address, length: bytes)
    }
  }

  /// A kernel without transparent huge pages has nothing to forbid, and says EINVAL.
  private func advise() throws(Errno) {
    do throws(Errno) {
      try Memory.adviseHuge(address, bytes, page == .transparent)
    } catch .invalid where page != .transparent {}
  }

  func unmap() { mapping = nil }

  /// Bytes of a page that faults one by one.
  var pageSize: Int { page.smallestPage }

  /// For chunks; after `map`.
  func region(_ recipe: Recipe) -> Region {
    Region(address: address, length: bytes, pageSize: pageSize, recipe: recipe)
  }

  /// After `map`.
  func table(_ recipe: Recipe) -> RegionTable { RegionTable([region(recipe)], present: []) }

}

/// `clear` without FILE: pieces of anonymous memory, all at once.
public final class ClearAnonymousJob: MemoryJob {
  private let pieces: [AnonymousMemory]
  private var table: RegionTable?
  private let recipe: Recipe
  private var control: TaskControl?
  public let method: Method?

  /// At least one piece, all of the same kind of pages.
  public init(_ pieces: [AnonymousMemory], method wanted: Method?) throws(MemoryError) {
    try refuseTooMuch(pieces.map(\.bytes))
    self.pieces = pieces
    let method = try populateMethod(wanted)
    recipe = Recipe(pages: method == .touch ? .touch : .populate)
    self.method = method
  }

  public var bytes: Int { pieces.reduce(0) { $0 + $1.bytes } }
  public var pageSize: Int { pieces[0].pageSize }
  public var alignment: Int { pieces[0].page.alignment }
  public var nodeTasks: [Span] {
    pieces.enumerated().flatMap { index, piece in piece.parts.clamped(to: 0..<piece.bytes, region: index) }
  }
  public var files: [MemoryFile] { [] }
  public func checks(_ facts: MachineFacts) -> [Check] { total(pieces.map { $0.checks(facts) }) }

  public func prepare() throws(MemoryError) {
    for piece in pieces { try piece.map() }
    table = RegionTable(pieces.map { $0.region(recipe) }, present: [])
  }

  public func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    self.control = control
    let work = unsafe PopulatePages(regions: table!.regions, givenBack: table!.givenBack)
    let run = runMemoryTask(work, nodeTasks, table!, control, monitor, path: { _ in nil })
    if run.end != .finished { table = nil }
    return run
  }

  public func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = try verifyAnonymous(pieces, table!, nodeTasks, control, monitor)
    try table!.verifyZero(nodeTasks, control, monitor, path: { _ in nil })
    verification.isZero = true
    return verification
  }

  /// munmap(2) is one thread's: what takes it long is given back before.
  public func giveBack(finally: Bool, _ monitor: TaskMonitor?) -> GivenBack {
    defer { table = nil }
    if let table, let control, alignment == MemoryInfo.basePageSize {
      let work = unsafe PopulatePages(regions: table.regions, givenBack: table.givenBack)
      _ = takeBack(work, nodeTasks, table, control, monitor)
    }
    for piece in pieces { piece.unmap() }
    return GivenBack(bytes: table == nil ? 0 : bytes)
  }
}

/// Counts what is resident of pieces of anonymous memory; throws where that is less than all.
func verifyAnonymous(
  _ pieces: [AnonymousMemory], _ table: RegionTable, _ spans: [Span], _ control: TaskControl, _ monitor: TaskMonitor?
) throws(MemoryError) -> Verification {
  let facts = try table.countPages(spans, pieces.map(\.placement), control, monitor, path: { _ in nil })
  for (piece, found) in zip(pieces, facts) where found.residentBytes < piece.bytes {
    throw MemoryError(.notResident(bytes: piece.bytes - found.residentBytes))
  }
  var verification = Verification(facts, pageSize: pieces.map(\.pageSize).max() ?? 0)
  let page = pieces[0].page
  if page == .transparent, let huge = verification.hugeBytes, huge *| 2 > pieces.map(\.bytes).sum() {
    verification.pageSize = page.alignment
  }
  return verification
}

/// populate, or touch on a kernel that cannot; fallocate is for files, map-cold for pins.
func populateMethod(_ wanted: Method?, path: String? = nil) throws(MemoryError) -> Method {
  if let wanted, wanted == .fallocate || wanted == .mapCold { throw MemoryError(.noMethod(wanted), path: path) }
  if wanted == .populate && !Memory.canPopulate { throw MemoryError(.noMethod(.populate), path: path) }
  return wanted ?? (Memory.canPopulate ? .populate : .touch)
}
