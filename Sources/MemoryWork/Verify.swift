internal import Glibc
public import KTask
internal import LinuxSystem

/// verify: a chunk makes those pages visible that are there, by reading. Where one has gone meanwhile the others are
/// looked at one by one.
@safe
struct LookAtPages: TaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    for index in 0..<region.presentCount {
      let there = region.present(index, from: start.offset, to: end.offset)
      if !there.isEmpty { try region.look(there.lowerBound, there.upperBound) }
    }
  }
}

/// verify --zero: a chunk with a byte that is not zero fails. What is not there is zero.
@safe
struct LookForContent: TaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    for index in 0..<region.presentCount {
      let there = region.present(index, from: start.offset, to: end.offset)
      if !there.isEmpty, let at = try region.firstContent(there.lowerBound, there.upperBound) {
        throw .notZero(at: at - start.offset)
      }
    }
  }
}

extension Region {
  /// What lies between two offsets of one of the ranges that were there; empty where there is nothing.
  @_noLocks
  func present(_ index: Int, from: Int, to: Int) -> Range<Int> {
    let there = unsafe present.unsafelyUnwrapped[index]
    let low = max(there.lowerBound, from)
    return low..<max(low, min(there.upperBound, to))
  }

  /// Makes the pages between two offsets visible.
  @_noLocks
  func look(_ from: Int, _ to: Int) throws(ChunkFailure) {
    if try lookAtOnce(from, to) || to - from <= pageSize { return }
    for page in stride(from: from, to: to, by: pageSize) { _ = try lookAtOnce(page, min(page + pageSize, to)) }
  }

  /// False where a page was missing.
  @_noLocks
  private func lookAtOnce(_ from: Int, _ to: Int) throws(ChunkFailure) -> Bool {
    do throws(Errno) {
      try makePages(address + UInt(from), to - from)
      return true
    } catch {
      if error.code == EFAULT { return false }
      throw ChunkFailure(operation: .inspect, errno: error)
    }
  }

  /// The offset of the first byte that is not zero.
  @_noLocks
  func firstContent(_ from: Int, _ to: Int) throws(ChunkFailure) -> Int? {
    do throws(Errno) {
      return try Memory.firstNonZero(address + UInt(from), to - from).map { $0 + from }
    } catch {
      if error.code != EFAULT { throw ChunkFailure(operation: .inspect, errno: error) }
      if to - from <= pageSize { return nil }
    }
    for page in stride(from: from, to: to, by: pageSize) {
      if let at = try firstContent(page, min(page + pageSize, to)) { return at }
    }
    return nil
  }
}

/// `verify FILE…`: looks at files that others may have mapped, and changes nothing.
public final class VerifyJob: MemoryJob {
  public let files: [MemoryFile]
  public let demand: Demand
  /// Of each file; after `verify`.
  public private(set) var findings: [FileFindings] = []
  private var looks: [FileLook] = []
  private var table: RegionTable?

  public init(_ files: [MemoryFile], demand: Demand) {
    self.files = files
    self.demand = demand
  }

  public var bytes: Int { nodeTasks.reduce(0) { $0 + $1.range.count } }
  public var pageSize: Int { files.map(\.pageSize).max()! }
  public var alignment: Int { files.map(\.alignment).max()! }
  public var nodeTasks: [Span] { files.enumerated().map { Span(region: $0, range: 0..<$1.length) } }
  public var method: Method? { nil }
  public func checks(_ facts: MachineFacts) -> [Check] { [] }

  public func prepare() throws(MemoryError) {
    looks = []
    for file in files { looks.append(try FileLook(file)) }
    table = RegionTable(looks.map(\.region), present: looks.map(\.resident))
  }

  public func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    let work = unsafe LookAtPages(regions: UnsafePointer(table!.regions))
    return runMemoryTask(work, nodeTasks, table!, control, monitor, path: { self.files[$0].path })
  }

  public func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = Verification()
    findings = []
    for (index, look) in looks.enumerated() {
      var found = look.findings()
      let nonZero = demand.zero ? try firstContent(index, control, monitor) : nil
      if demand.zero { found.isZero = nonZero == nil }
      verification.add(found)
      verification.unmet += demand.shortfalls(found, fileSize: files[index].originalSize, nonZero: nonZero)
      findings.append(found)
    }
    _ = giveBack(finally: false)
    return verification
  }

  /// Where a file's first byte is that is not zero, or the first that a thread came upon.
  private func firstContent(
    _ index: Int, _ control: TaskControl, _ monitor: TaskMonitor?
  ) throws(MemoryError) -> Int? {
    let table = RegionTable([looks[index].region], present: [looks[index].content])
    let work = unsafe LookForContent(regions: UnsafePointer(table.regions))
    let span = Span(region: 0, range: 0..<files[index].length)
    let run = runMemoryTask(work, [span], table, control, monitor, path: { _ in self.files[index].path })
    if run.end == .cancelled { throw MemoryError(.cancelled) }
    guard let error = run.errors.first else { return nil }
    if error.cause != .notZero { throw error }
    return run.errors.filter { $0.cause == .notZero }.compactMap(\.offset).min()
  }

  /// Lets go of the mappings, and of what was read from a disk to be looked at.
  public func giveBack(finally: Bool) -> GivenBack {
    table = nil
    looks = []
    if demand.zero { for file in files { file.dropCached() } }
    return GivenBack()
  }
}

extension Verification {
  fileprivate mutating func add(_ found: FileFindings) {
    residentBytes += found.residentBytes
    hugeBytes += found.hugeBytes
    pageSize = max(pageSize, found.usualPage)
    bytesByNode.merge(found.bytesByNode, uniquingKeysWith: +)
    if let zero = found.isZero { isZero = (isZero ?? true) && zero }
  }
}
