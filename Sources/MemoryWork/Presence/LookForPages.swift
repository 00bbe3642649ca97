internal import KTask
internal import LinuxSystem

// What a chunk of a look at a file does, by the kind of its pages: it marks those that are there, and makes none.

/// A pool's pages, by userfaultfd(2).
@safe
struct ProbeHugePages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs, and no two chunks share a word.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let there: UnsafeMutablePointer<UInt64>
  let probe: Int32

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var at = start.offset
    while at < end.offset {
      do throws(Errno) {
        let bytes = try PageProbe.present(probe, region.address + UInt(at), end.offset - at)
        unsafe PageBits.mark(there, from: at / region.pageSize, to: (at + bytes) / region.pageSize)
        at += bytes + region.pageSize
      } catch {
        throw ChunkFailure(operation: .inspect, errno: error)
      }
    }
  }
}

/// A pool's pages, each tried.
@safe
struct TryHugePages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs, and no two chunks share a word.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let there: UnsafeMutablePointer<UInt64>
  let trial: Int32

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    for at in stride(from: start.offset, to: end.offset, by: region.pageSize) {
      do throws(Errno) {
        if try PageTrial.isThere(trial, region.file, at, pageSize: region.pageSize) {
          unsafe PageBits.mark(there, from: at / region.pageSize, to: at / region.pageSize + 1)
        }
      } catch {
        throw ChunkFailure(operation: .inspect, errno: error)
      }
    }
  }
}

/// Pages of tmpfs.
@safe
struct LookAtMemory: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs, and no two chunks share a word.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let present: UnsafeMutablePointer<UInt64>
  let resident: UnsafeMutablePointer<UInt64>
  let ready: UnsafeMutablePointer<UInt64>
  /// Whether the kernel tells of pages that are not cleared yet, or swapped out.
  let tellsCache: Bool

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    let first = start.offset / region.pageSize
    do throws(Errno) {
      // a hole of any size takes one call
      if tellsCache, try cached(region, start.offset, end.offset) == (0, 0) { return }
      let count = try unsafe Memory.markResident(
        region.address + UInt(start.offset), end.offset - start.offset, ready, first: first)
      if !tellsCache { return }
      if try cached(region, start.offset, end.offset) == (count, 0) {
        let words = (end.offset - 1) / region.pageSize / PageBits.perWord
        for word in first / PageBits.perWord...words {
          unsafe resident[word] = ready[word]
          unsafe present[word] = ready[word]
        }
      } else {
        try mark(region, start.offset, end.offset)
      }
    } catch {
      throw ChunkFailure(operation: .inspect, errno: error)
    }
  }

  @_noLocks
  private func cached(_ region: Region, _ from: Int, _ to: Int) throws(Errno) -> (Int, Int) {
    try FileRange.cachedPages(region.file, from, to - from)
  }

  /// Halves the range until each part is cached wholly, swapped out wholly, or not there at all.
  @_noLocks
  private func mark(_ region: Region, _ from: Int, _ to: Int) throws(Errno) {
    let (first, end) = (from / region.pageSize, to / region.pageSize)
    let (cached, swapped) = try cached(region, from, to)
    if cached +| swapped == 0 { return }
    if cached >= end - first || end - first == 1 {
      if cached > 0 { unsafe PageBits.mark(resident, from: first, to: end) }
      unsafe PageBits.mark(present, from: first, to: end)
    } else if swapped >= end - first {
      unsafe PageBits.mark(present, from: first, to: end)
    } else {
      let middle = (first + (end - first) / 2) * region.pageSize
      try mark(region, from, middle)
      try mark(region, middle, to)
    }
  }
}

/// Blocks on disk, and pages in the page cache.
@safe
struct LookAtDisk: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs, and no two chunks share a word.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  /// nil: the file system does not list them.
  let blocks: UnsafeMutablePointer<UInt64>?
  let cached: UnsafeMutablePointer<UInt64>
  let tellsCache: Bool

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    do throws(Errno) {
      if unsafe blocks != nil { try markBlocks(region, start.offset, end.offset) }
      if tellsCache, try FileRange.cachedPages(region.file, start.offset, end.offset - start.offset).cached == 0 {
        return
      }
      _ = try unsafe Memory.markResident(
        region.address + UInt(start.offset), end.offset - start.offset, cached,
        first: start.offset / region.pageSize)
    } catch {
      throw ChunkFailure(operation: .inspect, errno: error)
    }
  }

  @_noLocks
  private func markBlocks(_ region: Region, _ from: Int, _ to: Int) throws(Errno) {
    guard let blocks = unsafe blocks else { return }
    var at = from
    while at < to {
      let extent = try FileRange.nextExtent(region.file, at, to)
      if extent.start < extent.end {
        unsafe PageBits.mark(
          blocks, from: extent.start / region.pageSize, to: (extent.end - 1) / region.pageSize + 1)
      }
      at = max(at + 1, extent.end)
    }
  }
}
