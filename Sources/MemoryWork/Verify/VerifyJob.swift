internal import KTask
internal import LinuxSystem

/// `verify FILE…`: looks at files that others may have mapped, and changes nothing.
public final class VerifyJob: MemoryJob {
  public let files: [MemoryFile]
  public let demand: Demand
  public let bytes: Int
  public let pageSize: Int
  public let alignment: Int

  public init(_ files: [MemoryFile], demand: Demand) {
    self.files = files
    self.demand = demand
    bytes = files.length
    pageSize = files.pageSize
    alignment = files.alignment
  }

  /// A limit that it comes upon is told then: what it maps is its own affair.
  public var needsMemory: Bool { false }
  public var nodeTasks: [Span] { files.enumerated().map { Span(region: $0, range: 0..<$1.length) } }
  public var method: Method? { nil }
  public func checks(_ facts: MachineFacts) -> [Check] { [] }

  public func prepare() throws(MemoryError) -> any PreparedRun {
    VerifyRun(self, try files.map { file throws(MemoryError) in try FileLook(file) })
  }
}

private final class VerifyRun: PreparedRun {
  private let job: VerifyJob
  private var looks: [FileLook]
  private let table: RegionTable
  private let seen: SeenBytes

  init(_ job: VerifyJob, _ looks: [FileLook]) {
    self.job = job
    self.looks = looks
    table = RegionTable(looks.map(\.region), present: looks.map(\.visible))
    seen = SeenBytes(looks.count)
  }

  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    let work = unsafe LookAtPages(regions: UnsafePointer(table.regions), seen: seen.counts)
    return runMemoryTask(work, job.nodeTasks, table, control, monitor, path: { job.files[$0].path })
  }

  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = Verification()
    let facts = MappingFacts.of(looks.map(\.addresses))
    for (index, look) in looks.enumerated() {
      let known = try look.known(seen: seen[index], Looking(control, monitor, isMaking: false))
      var found = look.findings(seen: known, facts[index])
      let nonZero = job.demand.zero ? try firstContent(look, control, monitor) : nil
      if job.demand.zero { found.isZero = nonZero == nil }
      verification.add(found)
      verification.unmet += job.demand.shortfalls(found, fileSize: look.file.originalSize, nonZero: nonZero)
    }
    _ = giveBack()
    return verification
  }

  /// Where a file's first byte is that is not zero, or the first that a thread came upon.
  private func firstContent(
    _ look: FileLook, _ control: TaskControl, _ monitor: TaskMonitor?
  ) throws(MemoryError) -> Int? {
    let table = RegionTable([look.region], present: [look.content])
    let work = unsafe LookForContent(regions: UnsafePointer(table.regions), isRead: look.isRead)
    let all = Span(region: 0, range: 0..<look.file.length)
    let run = runMemoryTask(work, [all], table, control, monitor, path: { _ in look.file.path })
    if run.end == .cancelled { throw MemoryError(.cancelled) }
    guard let error = run.errors.first else { return nil }
    if error.cause != .notZero { throw error }
    return run.errors.filter { $0.cause == .notZero }.compactMap(\.offset).min()
  }

  /// Lets go of the mappings, and of what was read from a disk to be looked at.
  func giveBack(_ monitor: TaskMonitor?) -> GivenBack {
    looks = []
    if job.demand.zero { for file in job.files { file.dropCached() } }
    return GivenBack()
  }
}

extension Verification {
  fileprivate mutating func add(_ found: FileFindings) {
    residentBytes = residentBytes.flatMap { bytes in found.residentBytes.map { bytes +| $0 } }
    hugeBytes = hugeBytes.flatMap { bytes in found.hugeBytes.map { bytes +| $0 } }
    if let page = found.usualPage { pageSize = max(pageSize, page) }
    bytesByNode.merge(found.bytesByNode, uniquingKeysWith: +|)
    findings.append(found)
    if let zero = found.isZero { isZero = (isZero ?? true) && zero }
  }
}
