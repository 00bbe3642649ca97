public import KTask
public import LinuxSystem
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

extension Memory.Store {
  /// Bytes that a store is tried on: more than caches hold, so that memory is what counts.
  static let trialBytes = 64 << 20

  /// The fastest store of this CPU for so many bytes, tried out on scratch memory: which one wins differs from CPU to
  /// CPU and no table keeps up. Not worth the trial, some milliseconds, for less than a few times the trial's bytes.
  static func fastest(for bytes: Int) -> Memory.Store {
    if bytes < 8 * trialBytes { return .memset }
    guard let scratch = try? AnonymousMemory(bytes: trialBytes, page: .preferred), (try? scratch.map()) != nil,
      (try? Memory.populate(scratch.address, trialBytes)) != nil
    else { return .memset }
    let times = Memory.Store.available.map { store in (store, time(store, scratch.address)) }
    return times.min { $0.1 < $1.1 }!.0
  }

  /// The better of two tries, in nanoseconds.
  private static func time(_ store: Memory.Store, _ address: UInt) -> UInt64 {
    (0..<2).map { _ in
      let began = Clock.now()
      try? Memory.clear(address, trialBytes, store)
      return Clock.since(began)
    }.min()!
  }
}

/// `clear FILE`: zeroes memory files in place, with the fastest store for the size. Files that others have are left alone,
/// unless it is to go on `evenIfOpen`.
public final class ClearFileJob: MemoryJob {
  public let files: [MemoryFile]
  public let method: Method?
  private let recipe: Recipe
  private let evenIfOpen: Bool
  private let watch = OpenWatch.started()
  private var table: RegionTable?
  private var control: TaskControl?
  private var hasCleared = false
  /// Chosen before the first run.
  public private(set) var store: Memory.Store?

  public init(_ files: [MemoryFile], method wanted: Method?, evenIfOpen: Bool = false) throws(MemoryError) {
    for file in files where file.isOnDisk {
      throw MemoryError(.wrongFileSystem(file.fileSystem.kind.rawValue), path: file.path)
    }
    let method = try populateMethod(wanted, path: files.first?.path)
    recipe = Recipe(pages: method == .touch ? .touch : .populate)
    self.method = method
    self.evenIfOpen = evenIfOpen
    self.files = files
  }

  public var losesContent: Bool { true }
  public var bytes: Int { files.reduce(0) { $0 + $1.length } }
  public var pageSize: Int { files.map(\.pageSize).max()! }
  public var alignment: Int { MemoryWork.alignment(of: files) }
  public var nodeTasks: [Span] {
    files.enumerated().flatMap { index, file in file.parts.clamped(to: 0..<file.length, region: index) }
  }

  public func checks(_ facts: MachineFacts) -> [Check] { fileChecks(files, facts) }

  public func prepare() throws(MemoryError) {
    if store == nil { store = .fastest(for: bytes) }
    for file in files { try file.begin(watch) }
    // somebody may have come since the checks
    if !evenIfOpen { try FilesInUse.refuse(files) }
    table = RegionTable(files.map { $0.region(recipe) }, present: files.map(\.present))
  }

  public func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    let work = unsafe ClearPages(
      regions: UnsafePointer(table!.regions), givenBack: table!.givenBack, store: store!)
    self.control = control
    hasCleared = true
    let run = runMemoryTask(work, nodeTasks, table!, control, monitor, path: { self.files[$0].path })
    if run.end != .finished { table = nil }
    return run
  }

  public func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    try table!.verifyZero(nodeTasks, control, monitor, path: { self.files[$0].path })
    var verification = try verifyFiles(files, table!, control, monitor)
    verification.isZero = true
    return verification
  }

  /// What was in cleared files is gone.
  public func giveBack(finally: Bool, _ monitor: TaskMonitor?) -> GivenBack {
    defer { table = nil }
    var given = giveBackFiles(
      files, table, control ?? .memory(alignment: alignment), monitor, finally: finally)
    given.isComplete = given.isComplete && !hasCleared
    return given
  }
}
