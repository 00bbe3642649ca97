internal import LinuxSystem

// What a call has added is given back after its failure: only pages that were not there before and are still all zero, so
// that nothing is lost that another thread or process has written meanwhile.

/// How pages of one mapping leave it.
private enum Leaving {
  /// Anonymous private ones.
  case discard
  /// Of a file of memory, which others may have mapped, too.
  case remove
  /// They are the page cache's, not the call's.
  case stay
  /// Which pages were there is not known, or what is lost with one.
  case unknown
}

extension MemoryCall {
  /// Bytes that are looked into before they are given back: what somebody writes between the two is lost.
  private static let looked = 64 << 10

  /// Gives back what a range of noted chunks has that was not there.
  func giveBackNew(_ from: UInt, _ to: UInt) {
    guard let there else { return }
    do throws(Errno) {
      try OwnMapping.forEach(in: from..<to) { (mapping, part) throws(Errno) in
        try giveBackNew(part, mapping, there)
      }
    } catch {
      notComplete()
    }
  }

  private func giveBackNew(_ range: Range<UInt>, _ mapping: OwnMapping, _ there: PagesThere) throws(Errno) {
    switch leaving(mapping) {
    case .stay: break
    case .unknown: notComplete()
    case let way:
      // what is not there is not looked into: that would make it, or raise a signal
      let now = try PagesThere(range)
      try now.note(range.lowerBound, range.count)
      var run = range.lowerBound..<range.lowerBound
      forEachNewPage(range, UInt(mapping.pageSize), before: there, now: now) { page in
        if run.upperBound != page.lowerBound || run.count >= Self.looked {
          leave(run, way)
          run = page.lowerBound..<page.lowerBound
        }
        run = run.lowerBound..<page.upperBound
      }
      leave(run, way)
    }
  }

  /// Pages that are new, and all zero; one that a range begins or ends in the middle of stays.
  private func forEachNewPage(
    _ range: Range<UInt>, _ size: UInt, before: PagesThere, now: PagesThere, _ body: (Range<UInt>) -> Void
  ) {
    var page = range.lowerBound
    while page < range.upperBound {
      let length = min(size - page % size, range.upperBound - page)
      if now.wasThere(page, Int(length)) && !before.wasThere(page, Int(length)) {
        if length == size && isZero(page, Int(size)) { body(page..<page + size) } else { notComplete() }
      }
      page += length
    }
  }

  private func leaving(_ mapping: OwnMapping) -> Leaving {
    if !mapping.isShared && !mapping.hasFile { return .discard }
    guard let isOfMemory = mapping.isOfMemory else { return .unknown }
    if !mapping.isShared {
      // mincore(2) tells of the file's pages, and not of copies; behind a copy of zeros there may be something else
      let hasCopies = mapping.isWritable && !isReading
      return hasCopies || isOfMemory ? .unknown : .stay
    }
    if !isOfMemory { return .stay }
    // of a pool's pages mincore(2) tells those that this process has mapped
    let isTold = mapping.pageSize == MemoryInfo.basePageSize && !mapping.mayBeReserved
    return knowsFile ?? isTold ? .remove : .unknown
  }

  private func isZero(_ address: UInt, _ length: Int) -> Bool {
    do throws(Errno) {
      return try Memory.firstNonZero(address, length) == nil
    } catch {
      return false
    }
  }

  private func leave(_ run: Range<UInt>, _ way: Leaving) {
    if run.isEmpty { return }
    do throws(Errno) {
      if case .remove = way {
        try Memory.remove(run.lowerBound, run.count)
      } else {
        try Memory.giveBack(run.lowerBound, run.count)
      }
      noteGivenBack(run.count)
    } catch {
      notComplete()
    }
  }
}
