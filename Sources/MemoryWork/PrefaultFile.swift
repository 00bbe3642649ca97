public import KTask
internal import LinuxSystem

/// prefault: a chunk gives a file's pages their memory, by its recipe; its undo gives back those that this run added.
@safe
struct PrefaultPages: TaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Int>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var operation = MemoryError.Operation.allocate
    do throws(Errno) {
      if region.recipe.allocates { try region.allocateBlocks(from: start.offset, to: end.offset) }
      operation = region.recipe.operation()
      try region.makePages(region.address + UInt(start.offset), end.offset - start.offset)
    } catch {
      _ = region.giveBackAdded(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: operation, errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    unsafe givenBack.pointee += regions[start.region].giveBackAdded(from: start.offset, to: end.offset)
  }
}

extension Region {
  /// Not beyond the file's end, which fallocate(2) would move.
  @_noLocks
  func allocateBlocks(from: Int, to: Int) throws(Errno) {
    let end = min(to, fileSize)
    if from < end { try FileRange.allocate(file, from, end - from) }
  }
}

extension MemoryFile {
  /// How this file's pages are made by a method. On disk the blocks always come from fallocate(2), so that a writer
  /// never meets a full disk, and the page cache is filled by reading. tmpfs allocates without clearing: the pages
  /// are populated as well.
  func recipe(_ method: Method) -> Recipe {
    let pages: Recipe.Pages = method == .touch ? .touch : .populate
    if isOnDisk { return Recipe(allocates: true, pages: pages, writing: false) }
    if method != .fallocate { return Recipe(pages: pages) }
    return Recipe(allocates: true, pages: fileSystem.kind == .hugetlbfs ? .none : .populate)
  }

  /// Bytes that chunk ends are multiples of: huge pages that tmpfs may use are not cut.
  var alignment: Int { max(pageSize, TransparentHugePages.unit()) }

  /// From the first page that is not known to be ready, which is in memory and cleared, to the last; on disk, where blocks and
  /// cached pages may lack in different places, all or nothing.
  var span: Range<Int>? {
    if isOnDisk { return presentIsExact && missingBytes == 0 && before.ready.bytes == length ? nil : 0..<length }
    return before.ready.gaps(in: 0..<length).hull
  }

  func checks(_ facts: MachineFacts) -> [Check] {
    var checks: [Check] = []
    if size > originalSize { checks += facts.fileSizeChecks(size, path: path) }
    if let free = fileSystem.availableBytes, missingBytes > 0 {
      let have = fileSystem.kind == .hugetlbfs ? fileSystem.freeBytes ?? free : free
      checks.append(Check(.space(fileSystem: fileSystem.kind.rawValue), need: missingBytes, have: have, path: path))
    }
    if placement?.policy == .bind { return checks + nodeChecks(facts) }
    let isPool = fileSystem.kind == .hugetlbfs
    let pages =
      isPool
      ? facts.hugePageChecks(missingBytes, pageSize: pageSize, path: path, mayOwnPromises: mayOwnPromises)
      : facts.memoryChecks(bytesToAllocate, path: path)
    return checks + pages
  }

  /// A file that was mapped before holds promises of the pool for pages that it lacks.
  private var mayOwnPromises: Bool { present.clamped(to: 0..<originalSize).bytes < min(length, originalSize) }

  private func nodeChecks(_ facts: MachineFacts) -> [Check] {
    let missing = present.gaps(in: 0..<length)
    return parts.flatMap { part in
      facts.nodeChecks(
        missing.clamped(to: part.range).bytes, on: part.node!, pageSize: pageSize, path: path,
        mayOwnPromises: mayOwnPromises)
    } + facts.cgroupChecks(missing.bytes, pageSize: pageSize, path: path)
  }
}

/// Gives every page of files its memory: all files at once, one task.
public final class PrefaultJob: MemoryJob {
  public let files: [MemoryFile]
  public let method: Method?
  private let chosen: Method
  private var table: RegionTable?

  public init(_ files: [MemoryFile], method wanted: Method?) throws(MemoryError) {
    for file in files where file.fileSystem.kind == .proc {
      throw MemoryError(.wrongFileSystem("proc"), path: file.path)
    }
    if wanted == .mapCold { throw MemoryError(.noMethod(.mapCold)) }
    if wanted == .populate && !Memory.canPopulate { throw MemoryError(.noMethod(.populate)) }
    let placed = files.first { $0.placement != nil && $0.fileSystem.kind == .hugetlbfs }
    if wanted == .fallocate, let file = placed {
      throw MemoryError(.noPlacement("fallocate on hugetlbfs"), path: file.path)
    }
    chosen = wanted ?? (Memory.canPopulate ? .populate : .touch)
    method = chosen
    self.files = files
  }

  public var bytes: Int { nodeTasks.reduce(0) { $0 + $1.range.count } }
  public var pageSize: Int { files.map(\.pageSize).max()! }
  public var alignment: Int { files.map(\.alignment).max()! }
  public var nodeTasks: [Span] {
    files.enumerated().flatMap { index, file in
      file.span.map { file.parts.clamped(to: $0, region: index) } ?? []
    }
  }

  public func checks(_ facts: MachineFacts) -> [Check] { total(files.map { $0.checks(facts) }) }

  public func prepare() throws(MemoryError) {
    for file in files { try file.begin() }
    table = RegionTable(files.map { $0.region($0.recipe(chosen)) }, present: files.map(\.present))
  }

  public func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    let work = unsafe PrefaultPages(regions: UnsafePointer(table!.regions), givenBack: table!.givenBack)
    let run = runMemoryTask(work, nodeTasks, table!, control, monitor, path: { self.files[$0].path })
    if run.end != .finished { table = nil }
    return run
  }

  public func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    try verifyFiles(files, table!, control, monitor)
  }

  public func giveBack(finally: Bool) -> GivenBack {
    defer { table = nil }
    return giveBackFiles(files, table, finally)
  }
}

/// Checks of several files for the same thing count together: their needs add up.
func total(_ lists: [[Check]]) -> [Check] {
  var checks: [Check] = []
  for check in lists.joined() {
    if let same = checks.firstIndex(where: { $0.what == check.what && check.what.isShared }) {
      let (sum, overflow) = checks[same].need.addingReportingOverflow(check.need)
      checks[same].need = overflow ? .max : sum
      checks[same].have = max(checks[same].have, check.have)
    } else {
      checks.append(check)
    }
  }
  return checks
}

extension Check.What {
  /// Whether several files draw on the same stock. Two file systems of a kind may be one or two: each counts alone.
  fileprivate var isShared: Bool {
    switch self {
    case .memory, .cgroupMemory, .hugePages, .cgroupHugePages, .nodeMemory, .nodeHugePages: true
    case .space, .lockLimit, .fileSizeLimit, .addressSpaceLimit, .dataLimit, .pieces: false
    }
  }
}

/// Counts what is resident, file by file; throws where that is less than all.
func verifyFiles(
  _ files: [MemoryFile], _ table: RegionTable, _ control: TaskControl, _ monitor: TaskMonitor?
) throws(MemoryError) -> Verification {
  var verification = Verification()
  for (index, file) in files.enumerated() {
    try file.verifyReady(Looking(control, monitor))
    let region = unsafe table.regions[index]
    // pages that fallocate made are not in the page tables, from which the kernel counts
    try attempting(.verify, file.path) { () throws(Errno) in
      if !Memory.canPopulate {
        return try Memory.touch(region.address, region.length, stride: region.pageSize, writing: false)
      }
      try Memory.populate(region.address, region.length, writing: false)
    }
    let facts = MappingFacts.of(region.address..<region.address + UInt(region.length))
    verification.add(facts)
    verification.residentBytes = verification.residentBytes.map { $0 + file.length }
    file.bytesByNode = facts.bytesByNode
  }
  try verifyPlacement(files, table, control, monitor, &verification)
  return verification
}

/// Asks for the node of every page of the files that were placed.
private func verifyPlacement(
  _ files: [MemoryFile], _ table: RegionTable, _ control: TaskControl, _ monitor: TaskMonitor?,
  _ verification: inout Verification
) throws(MemoryError) {
  let spans = files.enumerated().flatMap { index, file in
    file.placement == nil ? [] : file.parts.clamped(to: 0..<file.length, region: index)
  }
  if spans.isEmpty { return }
  let nodes = try table.bytesByNode(
    spans, files.map(\.placement), control, monitor, path: { files[$0].path })
  for (file, bytes) in zip(files, nodes) where file.placement != nil { file.bytesByNode = bytes }
  verification.bytesByNode = files.reduce(into: [:]) { $0.merge($1.bytesByNode, uniquingKeysWith: +) }
}

/// `table` nil: the pages are given back already, the sizes are not.
func giveBackFiles(_ files: [MemoryFile], _ table: RegionTable?, _ finally: Bool) -> GivenBack {
  var given = GivenBack()
  for (index, file) in files.enumerated() {
    if let table { given.bytes += unsafe table.regions[index].giveBackAdded(from: 0, to: file.length) }
    given.isComplete = file.restore(removing: finally) && file.presentIsExact && given.isComplete
  }
  return given
}
