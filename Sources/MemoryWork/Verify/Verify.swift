internal import Glibc
public import KTask
internal import LinuxSystem
internal import Synchronization

/// verify: a chunk makes those pages visible that are there, by reading, and counts them. Where one has gone meanwhile the
/// others are looked at one by one.
@safe
struct LookAtPages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs, counts are added to atomically.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  /// Bytes that were there, for each region.
  let seen: UnsafeMutablePointer<Atomic<Int>>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var bytes = 0
    var index = region.firstPresent(after: start.offset)
    while index < region.presentCount {
      let there = region.present(index, from: start.offset, to: end.offset)
      if there.isEmpty { break }
      bytes += try region.look(there.lowerBound, there.upperBound)
      index += 1
    }
    unsafe seen[start.region].wrappingAdd(bytes, ordering: .relaxed)
  }
}

/// verify --zero: a chunk with a byte that is not zero fails. What is not there is zero.
@safe
struct LookForContent: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  /// The file is read, not its mapping: what is missing there would be made.
  let isRead: Bool

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var index = region.firstPresent(after: start.offset)
    while index < region.presentCount {
      let there = region.present(index, from: start.offset, to: end.offset)
      if there.isEmpty { break }
      let found =
        isRead
        ? try region.firstContentRead(there.lowerBound, there.upperBound)
        : try region.firstContent(there.lowerBound, there.upperBound)
      if let found { throw .notZero(at: found - start.offset) }
      index += 1
    }
  }
}

extension Region {
  /// The first of the ranges that were there that ends after an offset.
  @_noLocks
  func firstPresent(after offset: Int) -> Int {
    var (low, high) = (0, presentCount)
    while low < high {
      let middle = low + (high - low) / 2
      if unsafe present.unsafelyUnwrapped[middle].upperBound <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// What lies between two offsets of one of the ranges that were there; empty where there is nothing.
  @_noLocks
  func present(_ index: Int, from: Int, to: Int) -> Range<Int> {
    let there = unsafe present.unsafelyUnwrapped[index]
    let low = max(there.lowerBound, from)
    return low..<max(low, min(there.upperBound, to))
  }

  /// Makes the pages between two offsets visible; the bytes that were there.
  @_noLocks
  func look(_ from: Int, _ to: Int) throws(ChunkFailure) -> Int {
    if try lookAtOnce(from, to) { return to - from }
    if to - from <= pageSize { return 0 }
    var bytes = 0
    for page in stride(from: from, to: to, by: pageSize) where try lookAtOnce(page, min(page + pageSize, to)) {
      bytes += min(pageSize, to - page)
    }
    return bytes
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

extension Region {
  /// The same, read from the file.
  @_noLocks
  func firstContentRead(_ from: Int, _ to: Int) throws(ChunkFailure) -> Int? {
    do throws(Errno) {
      return try FileRange.firstNonZero(file, from, to - from).map { $0 + from }
    } catch {
      throw ChunkFailure(operation: .read, errno: error)
    }
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
  private var seen: SeenBytes?

  public init(_ files: [MemoryFile], demand: Demand) {
    self.files = files
    self.demand = demand
  }

  public var bytes: Int { nodeTasks.reduce(0) { $0 + $1.range.count } }
  public var pageSize: Int { files.map(\.pageSize).max()! }
  public var alignment: Int { MemoryWork.alignment(of: files) }
  public var nodeTasks: [Span] { files.enumerated().map { Span(region: $0, range: 0..<$1.length) } }
  public var method: Method? { nil }
  public func checks(_ facts: MachineFacts) -> [Check] { [] }

  public func prepare() throws(MemoryError) {
    looks = []
    for file in files { looks.append(try FileLook(file)) }
    table = RegionTable(looks.map(\.region), present: looks.map(\.visible))
    seen = SeenBytes(looks.count)
  }

  public func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    let work = unsafe LookAtPages(regions: UnsafePointer(table!.regions), seen: seen!.counts)
    return runMemoryTask(work, nodeTasks, table!, control, monitor, path: { self.files[$0].path })
  }

  public func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = Verification()
    findings = []
    let facts = MappingFacts.of(looks.map(\.addresses))
    for (index, look) in looks.enumerated() {
      var found = look.findings(seen: seen![index], facts[index])
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
    let work = unsafe LookForContent(regions: UnsafePointer(table.regions), isRead: looks[index].isRead)
    let span = Span(region: 0, range: 0..<files[index].length)
    let run = runMemoryTask(work, [span], table, control, monitor, path: { _ in self.files[index].path })
    if run.end == .cancelled { throw MemoryError(.cancelled) }
    guard let error = run.errors.first else { return nil }
    if error.cause != .notZero { throw error }
    return run.errors.filter { $0.cause == .notZero }.compactMap(\.offset).min()
  }

  /// Lets go of the mappings, and of what was read from a disk to be looked at.
  public func giveBack(finally: Bool, _ monitor: TaskMonitor?) -> GivenBack {
    table = nil
    looks = []
    if demand.zero { for file in files { file.dropCached() } }
    return GivenBack()
  }
}

/// Bytes that were seen of each file.
@safe
private final class SeenBytes {
  let counts: UnsafeMutablePointer<Atomic<Int>>
  private let count: Int

  init(_ count: Int) {
    self.count = count
    unsafe counts = .allocate(capacity: count)
    for index in 0..<count { unsafe (counts + index).initialize(to: Atomic(0)) }
  }

  deinit {
    unsafe counts.deinitialize(count: count)
    unsafe counts.deallocate()
  }

  subscript(index: Int) -> Int { unsafe counts[index].load(ordering: .relaxed) }
}

extension Verification {
  fileprivate mutating func add(_ found: FileFindings) {
    residentBytes = residentBytes.flatMap { bytes in found.residentBytes.map { bytes +| $0 } }
    hugeBytes = hugeBytes.flatMap { bytes in found.hugeBytes.map { bytes +| $0 } }
    if let page = found.usualPage { pageSize = max(pageSize, page) }
    bytesByNode.merge(found.bytesByNode, uniquingKeysWith: +|)
    if let zero = found.isZero { isZero = (isZero ?? true) && zero }
  }
}
