internal import KTask
internal import LinuxSystem

extension FileScan {
  /// hugetlbfs knows no SEEK_HOLE, and mincore(2) sees only what this process has mapped: userfaultfd(2) tells. Where it
  /// must not, the pages are tried; a mere look takes none and knows what the file has in all.
  func hugePages(isMaking: Bool) throws(MemoryError) -> FilePresence {
    let all = Extents([0..<within])
    // as many pages as that may have are there; some may lie behind its end, where fallocate(2) makes them with FALLOC_FL_KEEP_SIZE
    let mayBeAll = isWhole && allocated >= within
    var found = mayBeAll && isMade ? all : try probed()
    if found == nil && isMaking { found = try tried() }
    // where nothing tells more, as many as it is to have are taken for those; more are not all in it
    if found == nil && mayBeAll && allocated == within { found = all }
    if let there = found {
      return FilePresence(present: there, resident: there, ready: there, residentBytes: there.bytes)
    }
    return FilePresence(
      present: all, isExact: false, isReadyKnown: false, residentBytes: isWhole && !mayBeAll ? allocated : nil,
      mayBeResident: all)
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
