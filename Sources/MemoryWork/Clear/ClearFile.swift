internal import KTask
internal import LinuxSystem
internal import Synchronization

/// clear, in place: a chunk's pages are zeroed where they are, holes populated first. There is no undo for contents;
/// pages that this run added are given back.
@safe
struct ClearPages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  static var undoManner: UndoManner { .pieces }
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Atomic<Int>>
  let store: StoreForChunks

  init(_ table: RegionTable, _ store: StoreForChunks) {
    unsafe regions = UnsafePointer(table.regions)
    unsafe givenBack = unsafe table.givenBack
    self.store = store
  }

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var operation = MemoryError.Operation.populate
    do throws(Errno) {
      try region.makePages(region.address + UInt(start.offset), end.offset - start.offset)
      operation = .clear
      try store.clear(region, from: start.offset, to: end.offset)
    } catch {
      _ = region.giveBackAdded(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: operation, errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    let bytes = unsafe regions[start.region].giveBackAdded(from: start.offset, to: end.offset)
    unsafe givenBack.pointee.wrappingAdd(bytes, ordering: .relaxed)
  }
}

/// `clear FILE`: zeroes memory files in place, with the fastest store there. Files that others have are left alone,
/// unless it is to go on `evenIfOpen`.
public final class ClearFileJob: MemoryJob {
  public let files: [MemoryFile]
  public let method: Method?
  public let bytes: Int
  public let pageSize: Int
  public let alignment: Int
  private let recipe: Recipe
  private let evenIfOpen: Bool
  private let watch = OpenWatch.started()

  public init(_ files: [MemoryFile], method wanted: Method?, evenIfOpen: Bool = false) throws(MemoryError) {
    for file in files where file.isOnDisk {
      throw MemoryError(.wrongFileSystem(file.fileSystem.kind.rawValue), path: file.path)
    }
    (recipe, method) = try Recipe.populating(wanted, path: files.first?.path)
    self.evenIfOpen = evenIfOpen
    self.files = files
    bytes = files.length
    pageSize = files.pageSize
    alignment = files.alignment
  }

  public var losesContent: Bool { true }
  public var nodeTasks: [Span] { files.nodeTasks }

  public func checks(_ facts: MachineFacts) -> [Check] { fileChecks(files, facts) }

  public func prepare() throws(MemoryError) -> any PreparedRun {
    let mapped = try MappedFiles(files, nodeTasks, watch) { _ in recipe }
    do throws(MemoryError) {
      // somebody may have come since the checks
      if !evenIfOpen { try FilesInUse.refuse(files) }
    } catch {
      _ = mapped.unmap()
      throw error
    }
    return ClearFileRun(mapped)
  }

  public func putBack() -> Bool { files.putBack() }
}

private final class ClearFileRun: PreparedRun {
  private let memory: MappedFiles
  private var hasCleared = false

  init(_ memory: MappedFiles) { self.memory = memory }

  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    hasCleared = true
    let choice = StoreChoice(memory.table)
    var run = memory.run(ClearPages(memory.table, choice.forChunks), control, monitor)
    run.store = choice.use
    return run
  }

  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    try memory.verifyZero(control, monitor)
    var verification = try verifyResidency(control, monitor)
    verification.isZero = true
    return verification
  }

  func verifyResidency(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    try memory.verifyResident(control, monitor)
  }

  /// What was in cleared files is gone.
  func giveBack(_ monitor: TaskMonitor?) -> GivenBack {
    var given = memory.giveBack(monitor)
    given.isComplete = given.isComplete && !hasCleared
    return given
  }
}
