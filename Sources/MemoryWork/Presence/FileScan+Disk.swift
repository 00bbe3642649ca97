internal import KTask
internal import LinuxSystem

extension FileScan {
  /// On disk: blocks, written or only allocated, and what the page cache has. Where the file system does not list its blocks,
  /// data.
  func disk(isTold: Bool) throws(MemoryError) -> FilePresence {
    // mincore(2) would say that all is there
    if !isTold { throw MemoryError(.failed(.inspect, .access), path: path) }
    let (blocks, cached) = (try map(), try map())
    let tellsBlocks = FileScan.tellsBlocks(file)
    let tellsCache = self.tellsCache
    guard let parts = try parts(tellsBlocks: tellsBlocks, tellsCache: tellsCache) else {
      return .unknown(within, allocated: allocated)
    }
    let isDone = try run(parts) { table in
      unsafe LookAtDisk(
        regions: UnsafePointer(table.regions), blocks: tellsBlocks ? blocks.words : nil, cached: cached.words,
        tellsCache: tellsCache)
    }
    if !isDone { return .unknown(within, allocated: allocated) }
    let ready = cached.extents(in: parts)
    var found = FilePresence(
      present: blocks.extents(in: parts), resident: ready, ready: ready, residentBytes: ready.bytes)
    if !tellsBlocks {
      let data = try data()
      found.isExact = isWhole && data.bytes >= allocated
      found.present = found.isExact ? data : Extents([0..<within])
    }
    return found
  }

  private static func tellsBlocks(_ file: Int32) -> Bool {
    do throws(Errno) {
      _ = try FileRange.nextExtent(file, 0, MemoryInfo.basePageSize)
      return true
    } catch {
      return false
    }
  }
}
