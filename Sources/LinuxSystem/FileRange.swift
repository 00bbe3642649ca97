public import CLinux

/// Calls on a range of an open file, by descriptor number. They allocate nothing.
public enum FileRange {
  /// Allocates what is missing (fallocate(2)); a range beyond the file's end extends it.
  @inlinable
  public static func allocate(_ file: Int32, _ offset: Int, _ length: Int) throws(Errno) {
    try Errno.check(clinux_allocate(file, offset, length))
  }

  /// Gives memory or blocks back (fallocate(2), FALLOC_FL_PUNCH_HOLE); the size stays.
  @inlinable
  public static func punch(_ file: Int32, _ offset: Int, _ length: Int) throws(Errno) {
    try Errno.check(clinux_punch(file, offset, length))
  }

  /// Drops clean pages from the page cache (posix_fadvise(2), POSIX_FADV_DONTNEED).
  @inlinable
  public static func dropCache(_ file: Int32, _ offset: Int, _ length: Int) throws(Errno) {
    try Errno.check(clinux_drop_cache(file, offset, length))
  }

  /// Where data, or a hole, comes next from `offset` on; the file's end where none does (lseek(2), SEEK_DATA).
  public static func seek(_ file: Int32, _ offset: Int, data: Bool) throws(Errno) -> Int {
    var at = 0
    try Errno.check(unsafe clinux_seek(file, offset, data, &at))
    return at
  }

  /// The next extent with blocks behind it; nil when there is none (ioctl(2), FS_IOC_FIEMAP).
  public static func nextExtent(_ file: Int32, _ offset: Int) throws(Errno) -> Range<Int>? {
    var (start, length) = (0, 0)
    try Errno.check(unsafe clinux_next_extent(file, offset, &start, &length))
    return length == 0 ? nil : start..<start + length
  }

  /// Pages of the range that the page cache has, initialised or not (cachestat(2), Linux 6.5).
  public static func cachedPages(_ file: Int32, _ offset: Int, _ length: Int) throws(Errno) -> Int {
    var pages: UInt64 = 0
    try Errno.check(unsafe clinux_cached_pages(file, offset, length, &pages))
    return Int(pages)
  }

  /// Whether nobody else is known to have the file open or mapped (fcntl(2), F_SETLEASE).
  @inlinable
  public static func isSoleOpener(_ file: Int32) -> Bool { clinux_sole_opener(file) == 0 }

  /// Whether somebody else has it; who does not own it is not told.
  public static func hasOtherOpener(_ file: Int32) -> Bool { Errno(clinux_sole_opener(file)) == .tryAgain }
}

/// Tells which pages of a shared mapping's file are there, without making any (userfaultfd(2), minor mode).
public struct PageProbe: ~Copyable {
  private let descriptor: FileDescriptor
  private let address: UInt
  private let length: Int

  /// `mapping` must outlive the probe. Fails where the kernel has no such mode (Linux 5.13) or forbids it.
  public init(_ mapping: borrowing Mapping, huge: Bool) throws(Errno) {
    var number: Int32 = -1
    try Errno.check(unsafe clinux_probe_open(mapping.address, mapping.length, huge, &number))
    descriptor = FileDescriptor(owning: number)
    address = mapping.address
    length = mapping.length
  }

  /// Bytes that are there from `offset` on, before the first page that is missing.
  public func present(from offset: Int) throws(Errno) -> Int {
    var bytes = 0
    try Errno.check(unsafe clinux_probe(descriptor.number, address + UInt(offset), length - offset, &bytes))
    return bytes
  }
}
