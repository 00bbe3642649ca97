internal import LinuxSystem

/// Which parts of a file have memory (or disk blocks) already, asked without making any.
struct FilePresence {
  var extents = Extents()
  /// False where the kernel does not tell exactly: then more may be listed than is there, never less, so that an
  /// undo takes nothing away that was there.
  var isExact = true

  /// Of the first `length` bytes of an open file, `length` in whole pages.
  static func of(
    _ file: borrowing FileDescriptor, _ kind: FileSystemFacts.Kind, pageSize: Int, length: Int
  ) throws(Errno) -> FilePresence {
    let status = try file.status()
    let within = min(length, (status.size + pageSize - 1) / pageSize * pageSize)
    if status.allocatedBytes == 0 || within == 0 { return FilePresence() }
    switch kind {
    case .hugetlbfs:
      return try ofHugePages(file, allocated: status.allocatedBytes, pageSize: pageSize, size: within, all: status.size)
    case .tmpfs: return try ofTmpfs(file, allocated: status.allocatedBytes, within)
    default: return try ofBlocks(file, within)
    }
  }

  private static func ofHugePages(
    _ file: borrowing FileDescriptor, allocated: Int, pageSize: Int, size: Int, all: Int
  ) throws(Errno) -> FilePresence {
    if allocated >= all { return FilePresence(extents: Extents([0..<size])) }
    do throws(Errno) {
      return FilePresence(extents: try probe(file, pageSize: pageSize, size))
    } catch {
      return FilePresence(extents: Extents([0..<size]), isExact: false)
    }
  }

  /// hugetlbfs knows no SEEK_HOLE, and mincore(2) sees only what this process has mapped.
  private static func probe(
    _ file: borrowing FileDescriptor, pageSize: Int, _ size: Int
  ) throws(Errno) -> Extents {
    let mapping = try Mapping.readOnly(file, size)
    let probe = try PageProbe(mapping, huge: true)
    var extents = Extents()
    var at = 0
    while at < size {
      let bytes = try probe.present(from: at)
      extents.append(at..<at + bytes)
      at += bytes + pageSize
    }
    return extents
  }

  private static func ofTmpfs(
    _ file: borrowing FileDescriptor, allocated: Int, _ size: Int
  ) throws(Errno) -> FilePresence {
    let page = MemoryInfo.basePageSize
    let data = try seekData(file, size).touchedPages(of: page).clamped(to: 0..<size)
    if data.bytes >= allocated || data.bytes == size { return FilePresence(extents: data) }
    // fallocate(2) was here: pages that are there but not cleared yet look like holes
    do throws(Errno) {
      var all = Extents()
      var at = 0
      for gap in data.gaps(in: 0..<size).ranges {
        all.append(at..<gap.lowerBound)
        try appendCached(file, gap, &all)
        at = gap.upperBound
      }
      all.append(at..<size)
      return FilePresence(extents: all)
    } catch {
      return FilePresence(extents: Extents([0..<size]), isExact: false)
    }
  }

  /// What is in memory now, swapped-out pages apart, of a range with data; nil on a kernel without cachestat(2).
  static func cached(_ file: borrowing FileDescriptor, _ data: Extents) -> Extents? {
    var found = Extents()
    do throws(Errno) {
      for range in data.ranges { try appendCached(file, range, &found) }
      return found
    } catch {
      return nil
    }
  }

  /// Halves the range until each part is cached wholly or not at all.
  private static func appendCached(
    _ file: borrowing FileDescriptor, _ range: Range<Int>, _ extents: inout Extents
  ) throws(Errno) {
    let page = MemoryInfo.basePageSize
    let cached = try FileRange.cachedPages(file.number, range.lowerBound, range.count) * page
    if cached == 0 { return }
    if cached >= range.count {
      extents.append(range)
      return
    }
    let middle = range.lowerBound + range.count / page / 2 * page
    try appendCached(file, range.lowerBound..<middle, &extents)
    try appendCached(file, middle..<range.upperBound, &extents)
  }

  private static func seekData(_ file: borrowing FileDescriptor, _ size: Int) throws(Errno) -> Extents {
    var extents = Extents()
    var at = 0
    while at < size {
      let start = try FileRange.seek(file.number, at, data: true)
      if start >= size { break }
      let end = try FileRange.seek(file.number, start, data: false)
      if end <= start { break }
      extents.append(start..<end)
      at = end
    }
    return extents
  }

  /// Blocks on disk, written or only allocated; where the file system does not list them, its data.
  private static func ofBlocks(_ file: borrowing FileDescriptor, _ size: Int) throws(Errno) -> FilePresence {
    let page = MemoryInfo.basePageSize
    do throws(Errno) {
      var extents = Extents()
      var at = 0
      while at < size, let extent = try FileRange.nextExtent(file.number, at) {
        extents.append(max(at, extent.lowerBound)..<max(at, extent.upperBound))
        at = max(at + 1, extent.upperBound)
      }
      return FilePresence(extents: extents.touchedPages(of: page).clamped(to: 0..<size))
    } catch .notSupported {
      return FilePresence(extents: try seekData(file, size).touchedPages(of: page).clamped(to: 0..<size))
    }
  }

  /// Pages of a file's mapping that the page cache has.
  static func cached(_ mapping: borrowing Mapping) throws(Errno) -> Extents {
    let window = 256 << 20
    let page = MemoryInfo.basePageSize
    var extents = Extents()
    for start in stride(from: 0, to: mapping.length, by: window) {
      let length = min(window, mapping.length - start)
      let pages = try Memory.residency(mapping.address + UInt(start), length)
      for (index, bits) in pages.enumerated() where bits & 1 != 0 {
        let at = start + index * page
        extents.append(at..<min(at + page, mapping.length))
      }
    }
    return extents
  }
}
