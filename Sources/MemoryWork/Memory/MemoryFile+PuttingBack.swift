internal import LinuxSystem

/// How a file is put back as it was.
extension MemoryFile {
  /// A tmpfs file keeps its policy after the mapping is gone.
  func forgetPlacement(_ mapping: Owned<Mapping>) {
    if placement != nil { try? Memory.setPolicy(mapping.value.address, length, .standard) }
  }

  /// After a run, once nothing of it is mapped: gives the size back that it had, and the page cache what was read into it.
  /// Whether that was possible.
  func shorten() -> Bool {
    // now: the kernel keeps what is mapped
    dropCached()
    defer { hasExtended = false }
    guard hasExtended, let descriptor else { return true }
    return !isOthers && (try? descriptor.value.resize(to: originalSize)) != nil
  }

  /// At the end: removes it where it was made; else it has what it had before, and no more. Whether that is so.
  func putBack() -> Bool {
    guard descriptor != nil else { return true }
    if let reserved { return putBackIntoStock(reserved) }
    if hasCreated {
      hasCreated = isOthers || !removeName()
      return !hasCreated
    }
    let isShort = shorten()
    return !existed || holdsNothingNew && isShort
  }

  /// Whether what lies behind its earlier end, in a new file all of it, may be somebody else's by now: there is something, once
  /// the pages are given back that nobody wrote to; or who has opened it since still has it, and relies on its size.
  private var isOthers: Bool {
    guard let file = descriptor, let now = try? file.value.status() else { return true }
    if now.size == size && FileRange.isUntouched(file.value.number, watch?.value.number ?? -1) { return false }
    if let watch, !watch.value.isSilent, FileRange.openers(file.value.number) == .others { return true }
    return now.size > size || !isEmpty(from: originalSize, to: now.size)
  }

  /// Whether a part of it has neither content nor pages; false where that is not known.
  private func isEmpty(from start: Int, to end: Int) -> Bool {
    if start >= end { return true }
    // the page that its earlier end is in was there before
    let pages = min(end, rounded(start, up: pageSize) ?? end)
    do {
      guard let descriptor, try FileRange.firstNonZero(descriptor.value.number, start, pages - start) == nil else {
        return false
      }
      let there = try presence(isMaking: true, Looking(.memory(alignment: pageSize)))
      return there.isExact && there.present.clamped(to: pages..<max(pages, length)).bytes == 0
    } catch {
      return false
    }
  }

  /// Whether an undo left nothing that was not there before.
  private var holdsNothingNew: Bool {
    let now = try? presence(isMaking: true, Looking(.memory(alignment: pageSize), nil))
    return now.map { $0.present.bytes <= present.bytes } ?? false
  }

  /// What was read in to be looked at. What the kernel is still reading ahead stays at first, and what others have mapped
  /// meanwhile for good: some more tries, a moment apart. mincore(2) would not tell of it.
  func dropCached() {
    guard isOnDisk, let file = descriptor?.value.number else { return }
    var left = before.resident.gaps(in: 0..<length).ranges
    for turn in 0..<20 where !left.isEmpty {
      if turn > 0 { Clock.sleep(milliseconds: 5) }
      left = left.filter { !Self.hasDropped($0, of: file) }
    }
  }

  private static func hasDropped(_ gap: Range<Int>, of file: Int32) -> Bool {
    try? FileRange.dropCache(file, gap.lowerBound, gap.count)
    return (try? FileRange.cachedPages(file, gap.lowerBound, gap.count).cached).map { $0 == 0 } ?? true
  }

  /// Only while the name still means the file that is open here.
  private func removeName() -> Bool {
    do throws(Errno) {
      if let place, let descriptor { try place.value.remove(descriptor.value.status()) }
      return true
    } catch {
      return false
    }
  }
}
