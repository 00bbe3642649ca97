internal import KTask
internal import LinuxSystem

/// How pages that are there come to be seen in this process's page tables, where their kind and node are told.
enum Sight: BitwiseCopyable {
  /// They are: anonymous memory.
  case mapped
  /// mincore(2) knows the page cache: where it says that all is there, reading makes nothing.
  case cached
  /// A pool's file that has been found to have every page: reading makes nothing.
  case complete
}

/// Counts on all threads what is in memory, in pages of which kind and on which nodes. Makes no page.
@safe
struct CountPages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs, counts are added to atomically.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let counts: PageCounts.Regions
  let canPopulate: Bool
  /// Of a transparent huge page.
  let hugeSize: Int
  /// /proc/self/pagemap, -1 where it cannot be had.
  let pagemap: Int32

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    let counts = unsafe counts[start.region]
    let (address, length) = (region.address + UInt(start.offset), end.offset - start.offset)
    do throws(Errno) {
      if region.sight == .complete { try read(address, length, region.pageSize) }
      let resident = try Memory.residentBytes(address, length)
      if resident < length { return unsafe Memory.countResident(resident, into: counts) }
      if region.sight == .cached { try read(address, length, region.pageSize) }
    } catch {
      throw ChunkFailure(operation: .verify, errno: error)
    }
    unsafe Memory.countPages(
      address, length, pageSize: region.pageSize, hugeSize: hugeSize, pagemap: pagemap, into: counts)
  }

  @_noLocks
  private func read(_ address: UInt, _ length: Int, _ pageSize: Int) throws(Errno) {
    if canPopulate { return try Memory.populate(address, length, writing: false) }
    try Memory.touch(address, length, stride: pageSize, writing: false)
  }
}

/// What the pages of a region are like.
struct PageFacts {
  var residentBytes: Int
  /// Of them in huge pages, of a pool or transparent; nil where the kernel does not tell.
  var hugeBytes: Int?
  /// nil where the kernel does not tell.
  var bytesByNode: [Int: Int]?
}

extension RegionTable {
  /// What every page of the spans is like, region by region. Throws where a bound region has pages on another node than
  /// one of its own, and where the kernel does not tell the nodes of a region that was placed.
  func countPages(
    _ spans: [Span], _ placements: [Placement?], _ control: TaskControl, _ monitor: TaskMonitor?,
    path: (Int) -> String?
  ) throws(MemoryError) -> [PageFacts] {
    let counts = PageCounts(allowed: placements.map { $0?.policy == .bind ? $0?.nodes : nil })
    let pagemap = openPagemap()
    let work = unsafe CountPages(
      regions: UnsafePointer(regions), counts: counts.regions, canPopulate: Memory.canPopulate,
      hugeSize: TransparentHugePages.unit(), pagemap: pagemap?.value.number ?? -1)
    let run = runMemoryTask(work, spans, self, control, monitor, path: path)
    if let error = run.errors.first { throw error }
    if run.end == .cancelled { throw MemoryError(.cancelled) }
    var facts = placements.indices.map { pageFacts(counts, $0) }
    for index in placements.indices where placements[index] != nil {
      if unsafe facts[index].residentBytes < regions[index].length { continue }
      if let errno = counts.nodeError(index) { throw MemoryError(.failed(.locate, errno), path: path(index)) }
      try checkNodes(counts, index, placements[index], path: path(index))
    }
    askMappings(&facts)
    return facts
  }

  private func openPagemap() -> Owned<FileDescriptor>? {
    do throws(Errno) {
      return Owned(try FileDescriptor.open("/proc/self/pagemap", .readOnly))
    } catch {
      return nil
    }
  }

  private func pageFacts(_ counts: PageCounts, _ index: Int) -> PageFacts {
    let region = unsafe regions[index]
    let resident = counts.residentBytes(index)
    let isPool = region.pageSize > MemoryInfo.basePageSize
    return PageFacts(
      residentBytes: resident, hugeBytes: isPool ? resident : counts.hugeBytes(index),
      bytesByNode: counts.pagesByNode(index)?.mapValues { $0 *| region.pageSize })
  }

  /// An older kernel tells of huge pages, and a container of nodes, in the lists of all mappings only. They are read once.
  private func askMappings(_ facts: inout [PageFacts]) {
    if facts.allSatisfy({ $0.hugeBytes != nil && $0.bytesByNode != nil }) { return }
    let ranges = (0..<facts.count).map { index in
      unsafe regions[index].address..<regions[index].address + UInt(regions[index].length)
    }
    for (index, mapping) in MappingFacts.of(ranges).enumerated() {
      facts[index].hugeBytes = facts[index].hugeBytes ?? mapping.transparentHugeBytes
      facts[index].bytesByNode = facts[index].bytesByNode ?? mapping.bytesByNode
    }
  }
}

extension Verification {
  /// What was found of regions whose pages have `pageSize` bytes at most.
  init(_ facts: [PageFacts], pageSize: Int) {
    residentBytes = facts.map(\.residentBytes).sum()
    let huge = facts.compactMap(\.hugeBytes)
    hugeBytes = huge.count == facts.count ? huge.sum() : nil
    self.pageSize = hugeBytes == nil ? 0 : pageSize
    let nodes = facts.compactMap(\.bytesByNode)
    if nodes.count == facts.count { bytesByNode = nodes.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +|) } }
  }
}
