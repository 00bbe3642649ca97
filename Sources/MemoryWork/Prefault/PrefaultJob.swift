internal import KTask
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

  init(_ table: RegionTable) {
    unsafe regions = UnsafePointer(table.regions)
    unsafe givenBack = unsafe table.givenBack
  }

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
    if error != .fault || recipe.writing { return nil }
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
}

/// Gives every page of files its memory: all files at once, one task.
public final class PrefaultJob: MemoryJob {
  public let files: [MemoryFile]
  public let method: Method?
  public let pageSize: Int
  public let alignment: Int
  public let leftAlone: [MemoryError]
  private let chosen: Method
  /// Those that no stock has.
  private let made: [MemoryFile]
  private let watch = OpenWatch.started()

  /// `leftAlone`: why others are not among them.
  public init(_ files: [MemoryFile], leftAlone: [MemoryError] = [], method wanted: Method?) throws(MemoryError) {
    for file in files { try file.refusePseudo() }
    if let wanted, wanted == .mapCold || wanted == .populate && !Memory.canPopulate {
      throw MemoryError(.noMethod(wanted), path: files.first?.path)
    }
    let placed = files.first { ($0.placement != nil || $0.ownersPolicy != nil) && $0.fileSystem.kind == .hugetlbfs }
    if wanted == .fallocate, let file = placed {
      throw MemoryError(.noPlacement("fallocate on hugetlbfs"), path: file.path)
    }
    chosen = wanted ?? (Memory.canPopulate ? .populate : .touch)
    method = chosen
    (self.files, self.leftAlone) = (files, leftAlone)
    made = files.filter { !$0.isReserved }
    pageSize = files.pageSize
    alignment = files.alignment
  }

  public var bytes: Int { nodeTasks.reduce(0) { $0 + $1.range.count } }
  public var nodeTasks: [Span] {
    made.enumerated().flatMap { index, file in
      file.span.map { file.parts.clamped(to: $0, region: index) } ?? []
    }
  }

  public var changesNames: Bool { made.count < files.count || made.contains { $0.size > $0.originalSize } }
  public func checks(_ facts: MachineFacts) -> [Check] { fileChecks(made, facts) }

  public func prepare() throws(MemoryError) -> any PreparedRun {
    for file in files { try file.take() }
    return PrefaultRun(try MappedFiles(made, nodeTasks, watch) { $0.recipe(chosen) }, files)
  }

  public func putBack() -> Bool { files.putBack() }
}

private final class PrefaultRun: PreparedRun {
  private let memory: MappedFiles
  /// All, also those that were only taken.
  private let files: [MemoryFile]

  init(_ memory: MappedFiles, _ files: [MemoryFile]) {
    self.memory = memory
    self.files = files
  }

  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    memory.run(PrefaultPages(memory.table), control, monitor)
  }

  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = try memory.verifyResident(control, monitor)
    verification.include(files.filter(\.isReserved), of: files)
    return verification
  }

  func giveBack(_ monitor: TaskMonitor?) -> GivenBack { memory.giveBack(monitor) }
}

extension Verification {
  /// Files that were taken from a stock: what they have was proven when they were made, and that they have it all when they were
  /// taken.
  fileprivate mutating func include(_ taken: [MemoryFile], of files: [MemoryFile]) {
    guard let first = taken.first else { return }
    residentBytes = residentBytes.map { $0 + taken.length }
    pageSize = max(pageSize, first.pageSize)
    if first.fileSystem.kind == .hugetlbfs {
      hugeBytes = hugeBytes.map { $0 + taken.length }
    } else if first.isTransparent || taken.count == files.count {
      hugeBytes = nil
    }
    var ofMade = bytesByNodeOfFiles.makeIterator()
    bytesByNodeOfFiles = files.map { $0.isReserved ? [:] : ofMade.next() ?? [:] }
  }
}
