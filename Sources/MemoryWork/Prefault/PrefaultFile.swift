internal import Glibc
public import KTask
internal import LinuxSystem
internal import Synchronization

/// prefault: a chunk gives a file's pages their memory, by its recipe; its undo gives back those that this run added.
@safe
struct PrefaultPages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  static var undoManner: UndoManner { .pieces }
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Atomic<Int>>

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
      if let unread = region.readError(start.offset, end.offset, error) { throw unread }
      throw ChunkFailure(operation: operation, errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    let bytes = unsafe regions[start.region].giveBackAdded(from: start.offset, to: end.offset)
    unsafe givenBack.pointee.wrappingAdd(bytes, ordering: .relaxed)
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

extension Region {
  /// A page of a file on a disk that cannot be had: what the disk says, where it is the disk.
  @_noLocks
  func readError(_ from: Int, _ to: Int, _ error: Errno) -> ChunkFailure? {
    if error.code != EFAULT || recipe.writing { return nil }
    guard let unread = FileRange.readError(file, from, to - from) else { return nil }
    return ChunkFailure(operation: .read, errno: unread.errno, at: unread.at)
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
  var alignment: Int { MemoryWork.alignment(of: [self]) }

  /// From the first page that is not known to be ready, which is in memory and cleared, to the last; on disk, where blocks and
  /// cached pages may lack in different places, all or nothing.
  var span: Range<Int>? {
    if isOnDisk { return presentIsExact && missingBytes == 0 && before.ready.bytes == length ? nil : 0..<length }
    return before.ready.gaps(in: 0..<length).hull
  }

  /// What it has been promised of a pool is taken from `promises`.
  func checks(_ facts: MachineFacts, _ promises: inout PromiseStock) -> [Check] {
    var checks: [Check] = []
    if size > originalSize { checks += facts.fileSizeChecks(size, path: path) }
    if let free = fileSystem.availableBytes, missingBytes > 0 {
      let have = fileSystem.kind == .hugetlbfs ? fileSystem.freeBytes ?? free : free
      checks.append(Check(.space(fileSystem: fileSystem.kind.rawValue), need: missingBytes, have: have, path: path))
    }
    if placement?.policy == .bind { return checks + nodeChecks(facts, &promises) }
    if fileSystem.kind != .hugetlbfs { return checks + facts.memoryChecks(bytesToAllocate, path: path) }
    let own = promises.take(missingBytes, for: self)
    return checks + facts.hugePageChecks(missingBytes, pageSize: pageSize, path: path, own: own)
  }

  private func nodeChecks(_ facts: MachineFacts, _ promises: inout PromiseStock) -> [Check] {
    let missing = present.gaps(in: 0..<length)
    var checks: [Check] = []
    for part in parts {
      let bytes = missing.clamped(to: part.range).bytes
      let own = promises.take(bytes, for: self)
      checks += facts.nodeChecks(bytes, on: part.node!, pageSize: pageSize, path: path, own: own)
    }
    return checks + facts.cgroupChecks(missing.bytes, pageSize: pageSize, path: path)
  }
}

/// Gives every page of files its memory: all files at once, one task.
public final class PrefaultJob: MemoryJob {
  public let files: [MemoryFile]
  public let method: Method?
  private let chosen: Method
  private let watch = OpenWatch.started()
  private var table: RegionTable?
  private var control: TaskControl?

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
  public var alignment: Int { MemoryWork.alignment(of: files) }
  public var nodeTasks: [Span] {
    files.enumerated().flatMap { index, file in
      file.span.map { file.parts.clamped(to: $0, region: index) } ?? []
    }
  }

  public func checks(_ facts: MachineFacts) -> [Check] { fileChecks(files, facts) }

  public func prepare() throws(MemoryError) {
    for file in files { try file.begin(watch) }
    table = RegionTable(files.map { $0.region($0.recipe(chosen)) }, present: files.map(\.present))
  }

  public func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    self.control = control
    let work = unsafe PrefaultPages(regions: UnsafePointer(table!.regions), givenBack: table!.givenBack)
    let run = runMemoryTask(work, nodeTasks, table!, control, monitor, path: { self.files[$0].path })
    if run.end != .finished { table = nil }
    return run
  }

  public func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    try verifyFiles(files, table!, control, monitor)
  }

  public func giveBack(finally: Bool, _ monitor: TaskMonitor?) -> GivenBack {
    defer { table = nil }
    return giveBackFiles(files, table, control ?? .memory(alignment: alignment), monitor, finally: finally)
  }
}

/// Of several files; the kernel is asked for its huge pages once.
func alignment(of files: [MemoryFile]) -> Int { files.reduce(TransparentHugePages.unit()) { max($0, $1.pageSize) } }

/// `table` nil: the pages are given back already, the sizes are not.
func giveBackFiles(
  _ files: [MemoryFile], _ table: RegionTable?, _ control: TaskControl, _ monitor: TaskMonitor?, finally: Bool
) -> GivenBack {
  var given = GivenBack()
  if let table {
    let work = unsafe PrefaultPages(regions: UnsafePointer(table.regions), givenBack: table.givenBack)
    let spans = files.enumerated().map { Span(region: $0, range: 0..<$1.length) }
    given.bytes = takeBack(work, spans, table, control, monitor)
  }
  for file in files {
    given.isComplete = file.restore(removing: finally) && file.presentIsExact && given.isComplete
  }
  return given
}
