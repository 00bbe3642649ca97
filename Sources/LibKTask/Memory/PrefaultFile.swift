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
    let file = try FileOfMemory(fd, offset, length)
    if length == 0 { return unsafe MemoryOutcome(bytesDone: 0).answer(result, from: 0) }
    try file.grow()
    let error: Int32
    do throws(Errno) {
      error = try unsafe file.prefault(options, result)
    } catch {
      file.shrink()
      throw error
    }
    if error != 0 {
      // errno is the call's
      let cause = errno
      file.shrink()
      errno = cause
    }
    return error
  } catch {
    return unsafe MemoryOutcome(error: error.code).answer(result, from: 0)
  }
}

/// A part of a client's file of memory.
private struct FileOfMemory {
  let number: Int32
  let offset: Int
  let length: Int
  let size: Int
  let pageSize: Int
  /// No page of it is there.
  let isEmpty: Bool
  /// Other processes' mappings share its pages, which mincore(2) does not see.
  let isOfPool: Bool

  /// EOPNOTSUPP: a file on disk, or none at all; EINVAL: not whole pages.
  init(_ number: Int32, _ offset: Int, _ length: Int) throws(Errno) {
    let status = try FileStatus(of: number)
    let system = try FileSystemFacts.of(number)
    isOfPool = system.kind == .hugetlbfs
    guard isOfPool || system.kind == .tmpfs, status.kind == .regular else { throw .notSupported }
    pageSize = isOfPool ? system.blockSize : MemoryInfo.basePageSize
    guard offset >= 0, length >= 0, offset % pageSize == 0, length % pageSize == 0,
      !offset.addingReportingOverflow(length).overflow
    else { throw .invalid }
    (self.number, self.offset, self.length) = (number, offset, length)
    size = status.size
    isEmpty = status.allocatedBytes == 0
  }

  func grow() throws(Errno) {
    if offset + length > size && ftruncate(number, offset + length) == -1 { throw Errno(errno) }
  }

  /// As it was. What somebody has put there meanwhile is theirs: it stays where the end is no longer where this call put it.
  func shrink() {
    let isOurs = offset + length > size && (try? FileStatus(of: number))?.size == offset + length
    if isOurs { _ = ftruncate(number, size) }
  }

  /// On a mapping of its own, which also promises the pages of a pool.
  func prefault(
    _ options: UnsafePointer<ktask_options>?, _ result: UnsafeMutablePointer<ktask_result>?
  ) throws(Errno) -> Int32 {
    let place = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, number, offset)
    guard let place = unsafe place, unsafe place != MAP_FAILED else { throw Errno(errno) }
    defer {
      let cause = errno
      unsafe munmap(place, length)
      errno = cause
    }
    let knowsPool = isOfPool && (isEmpty || seesPool(UInt(bitPattern: place)))
    return unsafe memoryCall(place, length, options, result, makes: true) { call, plan in
      call.knowsPool = knowsPool
      return unsafe call.run(populateWriting, plan)
    }
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
