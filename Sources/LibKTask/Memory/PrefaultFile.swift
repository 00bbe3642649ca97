public import CKTask
internal import Glibc
internal import KTask
internal import LinuxSystem

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func ktask_prefault_fd(
  _ fd: Int32, _ offset: Int, _ length: Int, _ options: UnsafePointer<ktask_options>?,
  _ result: UnsafeMutablePointer<ktask_result>?
) -> Int32 {
  do throws(Errno) {
    guard hasHeap() else { throw .noMemory }
    let file = try FileOfMemory(fd, offset, length)
    if length == 0 { return unsafe MemoryOutcome(bytesDone: 0).answer(result, from: 0) }
    try file.grow()
    var outcome = unsafe file.prefault(options)
    if outcome.error != 0 && !file.shrink(isUndone: outcome.isUndone) { outcome.isUndone = false }
    return unsafe outcome.answer(result, from: 0)
  } catch {
    return unsafe MemoryOutcome(error: error.code).answer(result, from: 0)
  }
}

/// A file of memory where it is mapped. Of its pages mincore(2) tells those that somebody has cleared, and not those that
/// fallocate(2) has reserved.
struct MappedFile {
  let number: Int32
  let offset: Int
  let start: UInt
  /// It had no page.
  let isNew: Bool

  /// Whether a part has so many pages and no more; false where that is not told (before Linux 6.5).
  func has(_ pages: Int, _ address: UInt, _ length: Int) -> Bool {
    guard let all = try? FileRange.cachedPages(number, offset + Int(address - start), length) else { return isNew }
    return all.cached + all.swapped == pages
  }
}

/// A part of a client's file of memory.
private struct FileOfMemory {
  let number: Int32
  let offset: Int
  let length: Int
  let size: Int
  let pageSize: Int
  /// Bytes of its pages.
  let allocated: Int
  /// Other processes' mappings share its pages, which mincore(2) does not see.
  let isOfPool: Bool

  /// EOPNOTSUPP: a file on disk, or none at all; EACCES: not open for reading and writing; EINVAL: not whole pages.
  init(_ number: Int32, _ offset: Int, _ length: Int) throws(Errno) {
    let status = try FileStatus(of: number)
    let system = try FileSystemFacts.of(number)
    isOfPool = system.kind == .hugetlbfs
    guard isOfPool || system.kind == .tmpfs, status.kind == .regular else { throw .notSupported }
    guard fcntl(number, F_GETFL, 0) & O_ACCMODE == O_RDWR else { throw .access }
    pageSize = isOfPool ? system.blockSize : MemoryInfo.basePageSize
    guard offset >= 0, length >= 0, offset % pageSize == 0, length % pageSize == 0,
      !offset.addingReportingOverflow(length).overflow
    else { throw .invalid }
    (self.number, self.offset, self.length) = (number, offset, length)
    size = status.size
    allocated = status.allocatedBytes
  }

  func grow() throws(Errno) {
    if offset + length > size && ftruncate(number, offset + length) == -1 { throw Errno(errno) }
  }

  /// On a mapping of its own, which also promises the pages of a pool. What failed is told in bytes from the part's start.
  func prefault(_ options: UnsafePointer<ktask_options>?) -> MemoryOutcome {
    let place = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, number, offset)
    guard let place = unsafe place, unsafe place != MAP_FAILED else { return MemoryOutcome(error: errno) }
    defer { unsafe munmap(place, length) }
    let start = UInt(bitPattern: place)
    // to who has lost the right to the file since it was opened mincore(2) says that all is there
    let isTold = (try? FileDescriptor.tellsResidency(of: number)) ?? false
    let isKnown = isTold && (!isOfPool || allocated == 0 || seesPool(start))
    var outcome = unsafe outcome(start, length, options, makes: true) { call, plan in
      call.knowsFile = isKnown
      if !isOfPool { call.file = MappedFile(number: number, offset: offset, start: start, isNew: allocated == 0) }
      return unsafe call.run(populateWriting, plan)
    }
    outcome.failed = outcome.failed.map { $0.lowerBound - start..<$0.upperBound - start }
    return outcome
  }

  /// Maps what is there of a pool's pages, and makes none (userfaultfd(2), minor mode); false where the kernel does not
  /// let that be done.
  private func seesPool(_ address: UInt) -> Bool {
    do throws(Errno) {
      let probe = try PageProbe(address, length)
      var at = 0
      // a page that is missing is stepped over
      while at < length { at += try PageProbe.present(probe.number, address + UInt(at), length - at) + pageSize }
      return true
    } catch {
      return false
    }
  }
}

/// The file's earlier end, after a failure.
extension FileOfMemory {
  /// Whether it is there again. What somebody has put behind it meanwhile is theirs, and so is an end that is no longer where
  /// this call put it. `isUndone`: all that the call had added is given back.
  func shrink(isUndone: Bool) -> Bool {
    let end = offset + length
    if end <= size { return true }
    guard let now = try? FileStatus(of: number) else { return false }
    if now.size != end { return now.size <= size }
    return isEmpty(to: end, now, isUndone) && ftruncate(number, size) == 0
  }

  /// Whether nothing is lost with what is behind it; false where that is not known.
  private func isEmpty(to end: Int, _ now: FileStatus, _ isUndone: Bool) -> Bool {
    // of a pool's file the kernel does not tell where its pages are
    if isOfPool { return isUndone && now.allocatedBytes <= allocated }
    do throws(Errno) {
      // the page that the earlier end is in was there before
      var at = size.roundedUp(to: pageSize)
      if try FileRange.firstNonZero(number, size, at - size) != nil { return false }
      // opened anew: the client's descriptor keeps its position
      let file = try FileDescriptor.open("/proc/self/fd/\(number)", [.readOnly, .followLinks])
      while at < end {
        let data = try FileRange.seek(file.number, at, data: true)
        if data >= end { return true }
        at = min(end, try FileRange.seek(file.number, data, data: false))
        if !isUndone { return false }
        // the rest of a huge page that was there before, say
        if try FileRange.firstNonZero(file.number, data, at - data) != nil { return false }
      }
      return true
    } catch {
      return false
    }
  }
}
