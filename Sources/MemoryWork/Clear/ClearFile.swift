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
  let store: Memory.Store

  init(_ table: RegionTable, _ store: Memory.Store) {
    unsafe regions = UnsafePointer(table.regions)
    unsafe givenBack = unsafe table.givenBack
    self.store = store
  }

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    let address = region.address + UInt(start.offset)
    let length = end.offset - start.offset
    var operation = MemoryError.Operation.populate
    do throws(Errno) {
      try region.makePages(address, length)
      operation = .clear
      try Memory.clear(address, length, store)
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

/// `clear FILE`: zeroes memory files in place, with the fastest store for the size. Files that others have are left alone,
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
  /// Chosen once, before the first run.
  private lazy var store = Memory.Store.fastest(for: bytes)

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
    let store = store
    let mapped = try MappedFiles(files, nodeTasks, watch) { _ in recipe }
    do throws(MemoryError) {
      // somebody may have come since the checks
      if !evenIfOpen { try FilesInUse.refuse(files) }
    } catch {
      _ = mapped.unmap()
      throw error
    }
    return ClearFileRun(mapped, store)
  }

  public func putBack() -> Bool { files.putBack() }
}

private final class ClearFileRun: PreparedRun {
  private let memory: MappedFiles
  private let store: Memory.Store
  private var hasCleared = false

  init(_ memory: MappedFiles, _ store: Memory.Store) {
    self.memory = memory
    self.store = store
  }

  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    hasCleared = true
    return memory.run(ClearPages(memory.table, store), control, monitor)
  }

  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    try memory.verifyZero(control, monitor)
    var verification = try verifyResidency(control, monitor)
    verification.isZero = true
    return verification
  }

  func verifyResidency(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = try memory.verifyResident(control, monitor)
    verification.store = store
    return verification
  }

  /// What was in cleared files is gone.
  func giveBack(_ monitor: TaskMonitor?) -> GivenBack {
    var given = memory.giveBack(monitor)
    given.isComplete = given.isComplete && !hasCleared
    return given
  }
}
