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
  /// Where that is not known: all that may be. What is known to be swapped out is not.
  var mayBeResident = Extents()
  /// Bytes that are ready; nil: not known. A pool's pages are, when they are there.
  var readyBytes: Int? { isReadyKnown ? ready.bytes : residentBytes }
  /// Bytes of memory, swap or disk that all of the file has.
  var allocatedBytes = 0

  /// `isMaking`: whoever asks is about to make what is missing, so that a page of a pool may be taken for a moment to find out.
  /// `mapping`: the one by which all of it was made, if there is one.
  static func of(
    _ subject: FileScan.Subject, mapping known: Owned<Mapping>?, isMaking: Bool, _ looking: Looking
  ) throws(MemoryError) -> FilePresence {
    let (file, path) = (subject.file, subject.path)
    let status = try attempting(.inspect, path) { () throws(Errno) in try file.value.status() }
    let size = rounded(status.size, up: subject.pageSize) ?? status.size / subject.pageSize * subject.pageSize
    let within = min(subject.length, size)
    let isInMemory = [.hugetlbfs, .tmpfs].contains(subject.fileSystem.kind)
    if within == 0 || (isInMemory && status.allocatedBytes == 0) { return FilePresence() }
    let isTold = try attempting(.inspect, path) { () throws(Errno) in try file.value.tellsResidency() }
    let mapping: Owned<Mapping>
    do throws(Errno) {
      if let known { mapping = known } else { mapping = Owned(try Mapping.readOnly(file.value, within)) }
    } catch {
      if error == .noMemory { return .unknown(within, allocated: status.allocatedBytes) }
      throw MemoryError(.failed(.map, error), path: path, bytes: within)
    }
    let scan = FileScan(
      subject, mapping: mapping, within: within, isWhole: within == size, allocated: status.allocatedBytes,
      isMade: known != nil, looking)
    var found: FilePresence
    switch subject.fileSystem.kind {
    case .hugetlbfs: found = try scan.hugePages(isMaking: isMaking)
    case .tmpfs: found = try scan.memory(isTold: isTold)
    default: found = try scan.disk(isTold: isTold)
    }
    found.allocatedBytes = status.allocatedBytes
    return found
  }

  /// All of it is there, cleared.
  static func whole(_ bytes: Int) -> FilePresence {
    let all = Extents([0..<bytes])
    return FilePresence(present: all, resident: all, ready: all, residentBytes: bytes, allocatedBytes: bytes)
  }

  /// Where nothing more can be asked than how much the file has in all.
  static func unknown(_ within: Int, allocated: Int) -> FilePresence {
    let all = Extents([0..<within])
    return FilePresence(
      present: all, isExact: false, isReadyKnown: false, residentBytes: nil, mayBeResident: all,
      allocatedBytes: allocated)
  }
}
