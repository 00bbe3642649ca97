internal import LinuxSystem

/// How a file is put back as it was.
extension MemoryFile {
  /// Gives the size back that it had, and the page cache what was read into it; removes it if this run made it and
  /// `removing`. True when all of that was possible.
  func restore(removing: Bool) -> Bool {
    guard descriptor != nil else { return true }
    // a tmpfs file keeps its policy
    if removing, placement != nil, let mapping { try? Memory.setPolicy(mapping.value.address, length, .standard) }
    mapping = nil
    // now: the kernel keeps what is mapped
    dropCached()
    var isComplete = true
    if removing && hasCreated {
      isComplete = !isOthers && removeName()
    } else if hasExtended {
      isComplete = !isOthers && (try? descriptor!.value.resize(to: originalSize)) != nil
    }
    if removing && existed { isComplete = holdsNothingNew && isComplete }
    hasExtended = false
    return isComplete
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
      if try FileRange.firstNonZero(descriptor!.value.number, start, pages - start) != nil { return false }
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

  /// What was read in to be looked at.
  func dropCached() {
    guard isOnDisk, descriptor != nil else { return }
    for gap in before.resident.gaps(in: 0..<length).ranges { drop(gap) }
  }

  /// What the kernel is still reading ahead stays: another try, a moment later. mincore(2) would not tell of it.
  private func drop(_ gap: Range<Int>) {
    let file = descriptor!.value.number
    for _ in 0..<20 {
      try? FileRange.dropCache(file, gap.lowerBound, gap.count)
      guard let left = try? FileRange.cachedPages(file, gap.lowerBound, gap.count).cached, left > 0 else { return }
      Clock.sleep(milliseconds: 5)
    }
  }

  /// Only while the name still means the file that is open here.
  private func removeName() -> Bool {
    do throws(Errno) {
      try place?.value.remove(descriptor!.value.status())
      return true
    } catch {
      return false
    }
  }
}
