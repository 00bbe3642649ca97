public import KTask
internal import LinuxSystem

/// pin --with mlock: the range is locked as its pages come, and a chunk makes them come; its undo unlocks.
@safe
struct LockPages: TaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Int>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    do throws(Errno) {
      try region.makePages(region.address + UInt(start.offset), end.offset - start.offset)
    } catch {
      _ = region.unpin(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: region.recipe.operation(), errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    unsafe givenBack.pointee += regions[start.region].unpin(from: start.offset, to: end.offset)
  }
}

extension Region {
  /// Unlocks, and gives back what was not there before; the bytes given back.
  @_noLocks
  func unpin(from: Int, to: Int) -> Int {
    let start = address + UInt(from)
    try? Memory.unlock(start, to - from)
    if file >= 0 { return giveBackAdded(from: from, to: to) }
    try? Memory.giveBack(start, to - from)
    return to - from
  }
}

/// Locks anonymous memory or a file's with mlock2(2), MLOCK_ONFAULT, and populates it in parallel.
public final class LockJob: MemoryJob {
  private enum Target {
    case anonymous(AnonymousMemory)
    case file(MemoryFile)
  }
  private let target: Target
  private var table: RegionTable?
  private let recipe: Recipe
  public let method: Method?
  private var lockedBefore = 0

  public init(_ memory: AnonymousMemory, method wanted: Method?) throws(MemoryError) {
    target = .anonymous(memory)
    (recipe, method) = try Self.recipe(wanted)
  }

  public init(_ file: MemoryFile, method wanted: Method?) throws(MemoryError) {
    if file.isOnDisk { throw MemoryError(.wrongFileSystem(file.fileSystem.kind.rawValue), path: file.path) }
    target = .file(file)
    (recipe, method) = try Self.recipe(wanted, path: file.path)
  }

  private static func recipe(_ wanted: Method?, path: String? = nil) throws(MemoryError) -> (Recipe, Method) {
    let method = try populateMethod(wanted, path: path)
    return (Recipe(pages: method == .touch ? .touch : .populate), method)
  }

  public var bytes: Int {
    switch target {
    case .anonymous(let memory): memory.bytes
    case .file(let file): file.length
    }
  }
  public var pageSize: Int {
    switch target {
    case .anonymous(let memory): memory.pageSize
    case .file(let file): file.pageSize
    }
  }
  public var alignment: Int {
    switch target {
    case .anonymous(let memory): memory.page.alignment
    case .file(let file): file.alignment
    }
  }
  public var nodeTaskBytes: [Int] { [bytes] }
  public var files: [MemoryFile] {
    if case .file(let file) = target { return [file] }
    return []
  }

  public func checks(_ facts: MachineFacts) -> [Check] {
    switch target {
    case .anonymous(let memory): memory.checks(facts) + facts.lockChecks(bytes)
    case .file(let file): file.checks(facts) + facts.lockChecks(bytes)
    }
  }

  public func prepare() throws(MemoryError) {
    lockedBefore = ProcessStatus.current()?.lockedBytes ?? 0
    switch target {
    case .anonymous(let memory):
      try memory.map()
      table = memory.table(recipe)
    case .file(let file):
      try file.begin()
      table = RegionTable([file.region(recipe)], present: [file.present])
    }
  }

  /// Locks first and populates then, but for a pool's huge pages: mlock2(2) does not mark those, and so populates
  /// them all by itself, on one thread, where they are not there yet.
  public func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    let began = Clock.now()
    if !isPool { try lock() }
    let lockNanoseconds = Clock.now() - began
    let work = unsafe LockPages(regions: UnsafePointer(table!.regions), givenBack: table!.givenBack)
    let path = files.first?.path
    var run = runMemoryTask(work, [Span(region: 0, range: 0..<bytes)], table!, control, monitor, path: { _ in path })
    run.seconds += Double(lockNanoseconds) / 1e9
    if run.end != .finished { table = nil }
    guard isPool, run.end == .finished else { return run }
    let populated = Clock.now()
    try lock()
    run.seconds += Double(Clock.now() - populated) / 1e9
    return run
  }

  private var isPool: Bool { pageSize > MemoryInfo.basePageSize }

  private func lock() throws(MemoryError) {
    let region = unsafe table!.regions[0]
    do throws(Errno) {
      try Memory.lockOnFault(region.address, region.length)
    } catch {
      throw MemoryError(.failed(.pin, error), path: files.first?.path, bytes: bytes, pageSize: pageSize)
    }
  }

  /// mlock(2) neither marks nor counts a pool's huge pages, which cannot be swapped: residency is all there is to see.
  public func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    let region = unsafe table!.regions[0]
    let facts = MappingFacts.of(region.address..<region.address + UInt(bytes))
    var verification = Verification()
    verification.add(facts)
    verification.residentBytes = facts.residentBytes
    if verification.hugeBytes * 2 > bytes { verification.pageSize = max(verification.pageSize, alignment) }
    if facts.residentBytes < bytes {
      throw MemoryError(.notResident(bytes: bytes - facts.residentBytes), path: files.first?.path)
    }
    let locked = (ProcessStatus.current()?.lockedBytes ?? 0) - lockedBefore
    verification.lockedBytes = isPool ? 0 : locked
    if !isPool && locked < bytes { throw MemoryError(.notLocked(bytes: bytes - locked), path: files.first?.path) }
    return verification
  }

  public func giveBack(finally: Bool) -> GivenBack {
    var given = GivenBack()
    if let table { given.bytes = unsafe table.regions[0].unpin(from: 0, to: bytes) }
    table = nil
    switch target {
    case .anonymous(let memory): memory.unmap()
    case .file(let file): given.isComplete = file.restore(removing: finally) && file.presentIsExact
    }
    return given
  }
}
