public import KTask
internal import LinuxSystem
internal import Synchronization

/// pin --with mlock: the range is locked as its pages come, and a chunk makes them come; its undo unlocks. Cold, a
/// chunk is locked as any program would do it.
@safe
struct LockPages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  static var undoManner: UndoManner { .pieces }
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Atomic<Int>>
  let isCold: Bool

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    let (address, length) = (region.address + UInt(start.offset), end.offset - start.offset)
    do throws(Errno) {
      if isCold {
        try Memory.lock(address, length)
      } else {
        try region.makePages(address, length)
      }
    } catch {
      _ = region.unlock(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: isCold ? .pin : region.recipe.operation(), errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    let bytes = unsafe regions[start.region].unlock(from: start.offset, to: end.offset)
    unsafe givenBack.pointee.wrappingAdd(bytes, ordering: .relaxed)
  }
}

extension Region {
  /// Unlocks, and gives back what was not there before; the bytes given back.
  @_noLocks
  func unlock(from: Int, to: Int) -> Int {
    try? Memory.unlock(address + UInt(from), to - from)
    return giveBackNew(from: from, to: to)
  }
}

/// Locks anonymous memory or a file's with mlock2(2), MLOCK_ONFAULT, and populates it in parallel.
public final class LockJob: MemoryJob {
  private let memory: PinnedMemory
  private var table: RegionTable?
  private let recipe: Recipe
  public let method: Method?
  private var count = PinCount()
  private var control: TaskControl?

  public init(_ memory: PinnedMemory, method wanted: Method?) throws(MemoryError) {
    self.memory = memory
    (recipe, method) = try pinRecipe(wanted, path: memory.path)
  }

  public var bytes: Int { memory.bytes }
  public var pageSize: Int { memory.pageSize }
  public var alignment: Int { memory.alignment }
  public var nodeTasks: [Span] { memory.parts }
  public var files: [MemoryFile] { memory.file.map { [$0] } ?? [] }

  public func checks(_ facts: MachineFacts) -> [Check] { memory.checks(facts) + facts.lockChecks(bytes) }

  public func prepare() throws(MemoryError) {
    count = PinCount()
    table = try memory.map(recipe)
  }

  /// Locks first and populates then, but for a pool's huge pages: mlock2(2) does not mark those, and so populates
  /// them all by itself, on one thread, where they are not there yet.
  public func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    self.control = control
    let isCold = method == .mapCold
    let began = Clock.now()
    if !memory.isPool && !isCold { try lock() }
    let lockNanoseconds = Clock.since(began)
    let path = memory.path
    var run = runMemoryTask(work(table!), nodeTasks, table!, control, monitor, path: { _ in path })
    run.seconds += Double(lockNanoseconds) / 1e9
    if run.end != .finished { table = nil }
    guard memory.isPool, !isCold, run.end == .finished else { return run }
    let populated = Clock.now()
    try lock()
    run.seconds += Double(Clock.since(populated)) / 1e9
    return run
  }

  private func work(_ table: RegionTable) -> LockPages {
    unsafe LockPages(
      regions: UnsafePointer(table.regions), givenBack: table.givenBack, isCold: method == .mapCold)
  }

  private func lock() throws(MemoryError) {
    let region = unsafe table!.regions[0]
    do throws(Errno) {
      try Memory.lockOnFault(region.address, region.length)
    } catch {
      throw MemoryError(.failed(.pin, error), path: memory.path, bytes: bytes, pageSize: pageSize)
    }
  }

  /// mlock(2) neither marks nor counts a pool's huge pages, which cannot be swapped: residency is all there is to see.
  public func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = try memory.verifyResident(table!, control, monitor)
    if memory.isPool {
      verification.lockedBytes = 0
      return verification
    }
    switch count.grown() {
    case .success(let grown):
      verification.lockedBytes = grown.locked
      if grown.locked < bytes { throw MemoryError(.notLocked(bytes: bytes - grown.locked), path: memory.path) }
    case .failure(let unread): verification.unread.append(unread)
    }
    return verification
  }

  public func giveBack(finally: Bool, _ monitor: TaskMonitor?) -> GivenBack {
    var given = GivenBack()
    if let table {
      given.bytes = takeBack(work(table), nodeTasks, table, control ?? .memory(alignment: alignment), monitor)
    }
    table = nil
    given.isComplete = memory.unmap(finally: finally)
    return given
  }
}
