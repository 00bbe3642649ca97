internal import KTask
internal import LinuxSystem

/// Locks anonymous memory or a file's with mlock2(2), MLOCK_ONFAULT, and populates it in parallel.
public final class LockJob: MemoryJob {
  private let memory: PinnedMemory
  private let recipe: Recipe
  public let method: Method?

  public init(_ memory: PinnedMemory, method wanted: Method?) throws(MemoryError) {
    self.memory = memory
    (recipe, method) = try Recipe.pinning(wanted, path: memory.path)
  }

  public var bytes: Int { memory.bytes }
  public var pageSize: Int { memory.pageSize }
  public var alignment: Int { memory.alignment }
  public var nodeTasks: [Span] { memory.parts }
  public var files: [MemoryFile] { memory.files }

  public func checks(_ facts: MachineFacts) -> [Check] { memory.checks(facts) + facts.lockChecks(bytes) }

  public func prepare() throws(MemoryError) -> any PreparedRun {
    let count = PinCount()
    return LockRun(memory, try memory.map(recipe), count, isCold: method == .mapCold)
  }

  public func putBack() -> Bool { files.putBack() }
}

private final class LockRun: PreparedRun {
  private let memory: PinnedMemory
  private let mapped: any MappedMemory
  private let count: PinCount
  private let isCold: Bool

  init(_ memory: PinnedMemory, _ mapped: any MappedMemory, _ count: PinCount, isCold: Bool) {
    self.memory = memory
    self.mapped = mapped
    self.count = count
    self.isCold = isCold
  }

  private var work: LockPages { LockPages(mapped.table, isCold: isCold) }

  /// Locks first and populates then, but for a pool's huge pages: mlock2(2) does not mark those, and so populates
  /// them all by itself, on one thread, where they are not there yet.
  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    let before = try memory.isPool || isCold ? 0 : lock()
    var run = mapped.run(work, control, monitor)
    run.seconds += before
    if memory.isPool && !isCold && run.end == .finished { run.seconds += try lock() }
    return run
  }

  /// The seconds that it took.
  private func lock() throws(MemoryError) -> Double {
    let began = Clock.now()
    let region = unsafe mapped.table.regions[0]
    do throws(Errno) {
      try Memory.lockOnFault(region.address, region.length)
    } catch {
      throw MemoryError(.failed(.pin, error), path: memory.path, bytes: memory.bytes, pageSize: memory.pageSize)
    }
    return Double(Clock.since(began)) / 1e9
  }

  /// mlock(2) neither marks nor counts a pool's huge pages, which cannot be swapped: residency is all there is to see.
  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = try mapped.verifyResident(control, monitor)
    if memory.isPool {
      verification.lockedBytes = 0
      return verification
    }
    switch count.grown() {
    case .success(let grown):
      verification.lockedBytes = grown.locked
      let missing = memory.bytes - grown.locked
      if missing > 0 { throw MemoryError(.notLocked(bytes: missing), path: memory.path) }
    case .failure(let unread): verification.unread.append(unread)
    }
    return verification
  }

  func giveBack(_ monitor: TaskMonitor?) -> GivenBack { mapped.giveBack(work, mapped.nodeTasks, monitor) }
}
