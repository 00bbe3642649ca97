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
    if hasExtended && !(removing && hasCreated) {
      isComplete = (try? descriptor!.value.resize(to: originalSize)) != nil
    }
    if removing && hasCreated { isComplete = removeName() && isComplete }
    if removing && existed { isComplete = holdsNothingNew && isComplete }
    hasExtended = false
    return isComplete
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
