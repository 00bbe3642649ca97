internal import KTask
internal import LinuxSystem

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

  /// What can be told by SEEK_DATA: what is cleared, in memory or not. Exact where that is all that the file has. `ready`: what
  /// is in memory; nil: the kernel keeps it from this process.
  private func dataOnly(ready: Extents?) throws(MemoryError) -> FilePresence {
    let data = try data()
    let isExact = isWhole && data.bytes >= allocated
    let all = Extents([0..<within])
    var found = FilePresence(
      present: isExact ? data : all, isExact: isExact, isReadyKnown: false, residentBytes: nil, mayBeResident: all)
    guard let ready else { return found }
    found.isReadyKnown = true
    found.resident = ready
    found.ready = ready
    // what is not cleared may be in memory, too, and looks like a hole
    if isExact || ready.bytes == within { found.residentBytes = ready.bytes }
    let swapped = Extents(data.ranges.flatMap { ready.gaps(in: $0).ranges })
    found.mayBeResident = swapped.gaps(in: 0..<within)
    return found
  }
}
