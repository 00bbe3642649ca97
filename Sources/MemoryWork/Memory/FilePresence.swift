internal import KTask
internal import LinuxSystem

/// Which parts of a file have memory (or disk blocks) already, asked without making any.
///
/// On tmpfs a page may be allocated, cleared and in memory, each without the next: fallocate(2) clears none, and what is
/// swapped out is in memory no more.
struct FilePresence {
  /// What was there before and an undo must leave: pages, cleared yet or not, in memory or swapped out; on disk, blocks.
  /// Where the kernel does not tell exactly more may be listed than is there, never less.
  var present = Extents()
  var isExact = true
  /// What is known to be in memory, cleared yet or not.
  var resident = Extents()
  /// Of that what is cleared, too: whoever maps it finds it ready. Whether that is all of it.
  var ready = Extents()
  var isReadyKnown = true
  /// Bytes in memory; nil: not known.
  var residentBytes: Int? = 0
  /// Bytes that are ready; nil: not known. A pool's pages are, when they are there.
  var readyBytes: Int? { isReadyKnown ? ready.bytes : residentBytes }
  /// Bytes of memory, swap or disk that all of the file has.
  var allocatedBytes = 0

  /// Of the first `length` bytes of an open file, `length` in whole pages. `isMaking`: whoever asks is about to make what is
  /// missing, so that a page of a pool may be taken for a moment to find out. `mapping`: one of all of it, if there is one.
  static func of(
    _ file: borrowing FileDescriptor, on fileSystem: FileSystemFacts, pageSize: Int, length: Int,
    mapping known: Owned<Mapping>?, isMaking: Bool, _ looking: Looking, _ path: String
  ) throws(MemoryError) -> FilePresence {
    let status = try attempting(.inspect, path) { () throws(Errno) in try file.status() }
    let size = rounded(status.size, up: pageSize) ?? status.size / pageSize * pageSize
    let within = min(length, size)
    let isInMemory = [.hugetlbfs, .tmpfs].contains(fileSystem.kind)
    if within == 0 || (isInMemory && status.allocatedBytes == 0) { return FilePresence() }
    let isTold = try attempting(.inspect, path) { () throws(Errno) in try file.tellsResidency() }
    let mapping: Owned<Mapping>
    do throws(Errno) {
      if let known { mapping = known } else { mapping = Owned(try Mapping.readOnly(file, within)) }
    } catch {
      if error == .noMemory { return .unknown(within, allocated: status.allocatedBytes) }
      throw MemoryError(.failed(.map, error), path: path, bytes: within)
    }
    let scan = FileScan(
      mapping: mapping, within: within, file: file.number, fileSystem: fileSystem, pageSize: pageSize,
      isWhole: within == size, allocated: status.allocatedBytes, looking: looking, path: path)
    var found: FilePresence
    switch fileSystem.kind {
    case .hugetlbfs: found = try scan.hugePages(isMaking: isMaking)
    case .tmpfs: found = try scan.memory(isTold: isTold)
    default: found = try scan.disk(isTold: isTold)
    }
    found.allocatedBytes = status.allocatedBytes
    return found
  }

  /// Where nothing more can be asked than how much the file has in all.
  static func unknown(_ within: Int, allocated: Int) -> FilePresence {
    FilePresence(
      present: Extents([0..<within]), isExact: false, isReadyKnown: false, residentBytes: nil, allocatedBytes: allocated
    )
  }
}

/// A file mapped to be looked at, and how: every page on all threads, in chunks between which it can be stopped.
struct FileScan {
  let mapping: Owned<Mapping>
  /// Bytes from its start.
  let within: Int
  let file: Int32
  let fileSystem: FileSystemFacts
  let pageSize: Int
  /// The mapping is of all that the file has.
  let isWhole: Bool
  /// Bytes that the file has in all.
  let allocated: Int
  let looking: Looking
  let path: String
}

extension FileScan {
  /// hugetlbfs knows no SEEK_HOLE, and mincore(2) sees only what this process has mapped: userfaultfd(2) tells. Where it
  /// must not, the pages are tried; a mere look takes none and knows what the file has in all.
  func hugePages(isMaking: Bool) throws(MemoryError) -> FilePresence {
    let all = Extents([0..<within])
    if isWhole && allocated >= within {
      return FilePresence(present: all, resident: all, ready: all, residentBytes: within)
    }
    var found = try probed()
    if found == nil && isMaking { found = try tried() }
    if let there = found {
      return FilePresence(present: there, resident: there, ready: there, residentBytes: there.bytes)
    }
    return FilePresence(
      present: all, isExact: false, isReadyKnown: false, residentBytes: isWhole ? allocated : nil)
  }

  private func probed() throws(MemoryError) -> Extents? {
    let probe: Owned<PageProbe>
    do throws(Errno) {
      probe = Owned(try PageProbe(mapping.value))
    } catch {
      return nil
    }
    let map = try map()
    let number = probe.value.number
    let isDone = try run(Extents([0..<within])) { table in
      unsafe ProbeHugePages(regions: UnsafePointer(table.regions), there: map.words, probe: number)
    }
    withExtendedLifetime(probe) {}
    return isDone ? map.extents(in: Extents([0..<within])) : nil
  }

  private func tried() throws(MemoryError) -> Extents? {
    let trial: Owned<PageTrial>
    do throws(Errno) {
      trial = Owned(try PageTrial())
    } catch {
      return nil
    }
    let map = try map()
    let number = trial.value.number
    let isDone = try run(Extents([0..<within])) { table in
      unsafe TryHugePages(regions: UnsafePointer(table.regions), there: map.words, trial: number)
    }
    withExtendedLifetime(trial) {}
    return isDone ? map.extents(in: Extents([0..<within])) : nil
  }
}

extension FileScan {
  /// tmpfs: mincore(2) tells what is cleared and in memory, cachestat(2) also of what is not cleared yet or swapped out.
  /// Without that, what fallocate(2) made looks like a hole.
  func memory(isTold: Bool) throws(MemoryError) -> FilePresence {
    if !isTold { return try dataOnly(ready: nil) }
    let (present, resident, ready) = (try map(), try map(), try map())
    let tellsCache = self.tellsCache
    guard let parts = try parts(tellsBlocks: false, tellsCache: tellsCache) else {
      return .unknown(within, allocated: allocated)
    }
    let isDone = try run(parts) { table in
      unsafe LookAtMemory(
        regions: UnsafePointer(table.regions), present: present.words, resident: resident.words, ready: ready.words,
        tellsCache: tellsCache)
    }
    if !isDone { return .unknown(within, allocated: allocated) }
    if !tellsCache { return try dataOnly(ready: ready.extents(in: parts)) }
    let there = resident.extents(in: parts)
    return FilePresence(
      present: present.extents(in: parts), resident: there, ready: ready.extents(in: parts), residentBytes: there.bytes)
  }

  private var tellsCache: Bool {
    if !fileSystem.ownsItsPages { return false }
    do throws(Errno) {
      _ = try FileRange.cachedPages(file, 0, MemoryInfo.basePageSize)
      return true
    } catch {
      return false
    }
  }

  /// What can be told by SEEK_DATA: what is cleared, in memory or not. Exact where that is all that the file has. `ready`: what
  /// is in memory; nil: the kernel keeps it from this process.
  private func dataOnly(ready: Extents?) throws(MemoryError) -> FilePresence {
    let data = try data()
    let isExact = isWhole && data.bytes >= allocated
    var found = FilePresence(
      present: isExact ? data : Extents([0..<within]), isExact: isExact, isReadyKnown: false, residentBytes: nil)
    guard let ready else { return found }
    found.isReadyKnown = true
    found.resident = ready
    found.ready = ready
    // what is not cleared may be in memory, too
    if isExact || ready.bytes == within { found.residentBytes = ready.bytes }
    return found
  }

  /// One call for each part with data, and one for each hole: as long as the kernel takes to walk through it.
  private func data() throws(MemoryError) -> Extents {
    var extents = Extents()
    var at = 0
    while at < within {
      if looking.monitor?.isCancelled == true { throw MemoryError(.cancelled) }
      let (start, end) = try attempting(.inspect, path) { () throws(Errno) in
        let start = try FileRange.seek(file, at, data: true)
        return (start, start < within ? try FileRange.seek(file, start, data: false) : start)
      }
      // a file system may say anything
      if start < at || start >= within || end <= start { break }
      extents.append(start..<min(end, within))
      at = end
    }
    return extents.touchedPages(of: pageSize).clamped(to: 0..<within)
  }
}

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

extension FileScan {
  private func map() throws(MemoryError) -> PageMap {
    try attempting(.inspect, path) { () throws(Errno) in try PageMap(within, pageSize: pageSize) }
  }

  /// False where the kernel refused to tell.
  private func run<Work: MemoryTaskWork>(
    _ parts: Extents, _ work: (RegionTable) -> Work
  ) throws(MemoryError) -> Bool {
    let region = Region(
      address: mapping.value.address, length: within, pageSize: pageSize, file: file, recipe: Recipe(pages: .none))
    let table = RegionTable([region], present: [])
    let control = looking.control.forMemory(alignment: pageSize * PageBits.perWord)
    let run = runMemoryTask(
      work(table), parts.ranges.map { Span(region: 0, range: $0) }, table, control, looking.monitor,
      path: { _ in path })
    if run.end == .cancelled { throw MemoryError(.cancelled) }
    return run.errors.isEmpty
  }
}

/// A file may be a thousand times larger than what it has.
extension FileScan {
  /// Parts into which a file is cut for that at most.
  private static let most = 1024

  /// The parts of the file that have anything, in pieces that each take a moment to be looked at, however large its holes are:
  /// what is listed of them as blocks, or counted in the page cache. nil where the kernel refuses to tell.
  fileprivate func parts(tellsBlocks: Bool, tellsCache: Bool) throws(MemoryError) -> Extents? {
    let piece = max(usualMinimumChunk, rounded(within / Self.most, up: usualMinimumChunk) ?? within)
    // without that every page is asked for; and where most of it may be there, too
    if !tellsCache || within <= piece || allocated >= within / 16 { return Extents([0..<within]) }
    var parts = Extents()
    var (at, block) = (0, 0..<0)
    while at < within {
      try looking.monitor?.check(path)
      let end = at + min(piece, within - at)
      do throws(Errno) {
        if tellsBlocks && block.upperBound <= at {
          // where there is none, an empty one at the end
          let next = try FileRange.nextExtent(file, at, within)
          block = next.start..<next.end
        }
        let (cached, swapped) = try FileRange.cachedPages(file, at, end - at)
        if cached +| swapped > 0 || block.overlaps(at..<end) { parts.append(at..<end) }
      } catch {
        return nil
      }
      at = end
    }
    return parts
  }
}
