internal import KTask
internal import LinuxSystem

/// Asks the kernel for the node of every page, on all threads.
@safe
struct CountNodes: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs, counts are added to atomically.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let counts: PageCounts.Regions
  /// Whether the pages may be missing from this process's page tables, though they are there.
  let isUnmapped: Bool

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    let address = region.address + UInt(start.offset)
    let length = end.offset - start.offset
    do throws(Errno) {
      if isUnmapped { try region.makePages(address, length) }
      try unsafe Memory.countNodes(address, length, pageSize: region.pageSize, into: counts[start.region])
    } catch {
      throw ChunkFailure(operation: .locate, errno: error)
    }
  }
}

extension RegionTable {
  /// Asks for the node of every page of the spans. Throws where a bound region has pages on another node than one of its
  /// own.
  func checkNodes(
    _ spans: [Span], _ placements: [Placement?], _ control: TaskControl, _ monitor: TaskMonitor?,
    wereThere: Bool = false, path: (Int) -> String?
  ) throws(MemoryError) {
    let counts = PageCounts(allowed: placements.map { $0?.policy == .bind ? $0?.nodes : nil })
    let work = unsafe CountNodes(regions: UnsafePointer(regions), counts: counts.regions, isUnmapped: wereThere)
    let run = runMemoryTask(work, spans, self, control, monitor, path: path)
    if let error = run.errors.first { throw error }
    if run.end == .cancelled { throw MemoryError(.cancelled) }
    for index in placements.indices {
      try checkNodes(counts, index, placements[index], wereThere: wereThere, path: path(index))
    }
  }

  /// Throws where a bound region has pages on another node than one of its own.
  func checkNodes(
    _ counts: PageCounts, _ index: Int, _ placement: Placement?, wereThere: Bool = false, path: String?
  ) throws(MemoryError) {
    guard let placement, let address = counts.firstWrong(index) else { return }
    let region = unsafe regions[index]
    let wrong = (counts.pagesByNode(index) ?? [:]).filter { !placement.nodes.contains($0.key) }
    throw MemoryError(
      .wrongNode(
        bytes: wrong.values.sum() *| region.pageSize, asked: placement.nodes, wasThere: wereThere), path: path,
      offset: Int(address - region.address), pageSize: region.pageSize, node: wrong.keys.min())
  }
}
