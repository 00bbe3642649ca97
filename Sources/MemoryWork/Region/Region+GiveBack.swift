internal import LinuxSystem

extension Region {
  /// Gives the file's pages between two offsets back, but for those that were there before; the bytes given back.
  ///
  /// A page that another process has written meanwhile looks like one of ours. Unless it is certain that nobody has had the
  /// file, only pages that are still all zero are given back, so that nothing anybody wrote is lost.
  @_noLocks
  func giveBackAdded(from: Int, to: Int) -> Int {
    let isAlone = FileRange.isUntouched(file, watch)
    var (at, bytes) = (from, 0)
    for index in firstPresent(after: from)..<presentCount {
      let was = unsafe present.unsafelyUnwrapped[index]
      if was.lowerBound >= to { break }
      if was.lowerBound > at { bytes += punch(at, was.lowerBound, isAlone) }
      at = was.upperBound
    }
    if at < to { bytes += punch(at, to, isAlone) }
    return bytes
  }

  @_noLocks
  private func punch(_ from: Int, _ to: Int, _ isAlone: Bool) -> Int {
    if isAlone { return punch(from, to) }
    var bytes = 0
    for page in stride(from: from, to: to, by: pageSize) {
      let end = min(page + pageSize, to)
      if isZero(page, end) { bytes += punch(page, end) }
    }
    return bytes
  }

  @_noLocks
  private func punch(_ from: Int, _ to: Int) -> Int {
    do throws(Errno) {
      try FileRange.punch(file, from, to - from)
      return to - from
    } catch {
      return 0
    }
  }

  /// A page that cannot be read is taken for one in use.
  @_noLocks
  private func isZero(_ from: Int, _ to: Int) -> Bool {
    do throws(Errno) {
      return try Memory.firstNonZero(address + UInt(from), to - from) == nil
    } catch {
      return false
    }
  }
}

extension Region {
  /// Gives back the pages that were not there before, of a file or of anonymous memory; their bytes. Nothing must lock or pin
  /// them any more.
  @_noLocks
  func giveBackNew(from: Int, to: Int) -> Int {
    if file >= 0 { return giveBackAdded(from: from, to: to) }
    do throws(Errno) {
      try Memory.giveBack(address + UInt(from), to - from)
      return to - from
    } catch {
      return 0
    }
  }
}
