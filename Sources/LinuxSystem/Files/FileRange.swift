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

  /// What of a range, that does not end before it begins, the next extent with blocks behind it has; empty at its end when
  /// there is none (ioctl(2), FS_IOC_FIEMAP).
  @inlinable
  public static func nextExtent(_ file: Int32, _ from: Int, _ end: Int) throws(Errno) -> (start: Int, end: Int) {
    var (start, length) = (0, 0)
    try Errno.check(unsafe clinux_next_extent(file, from, end, &start, &length))
    // a file system may say anything
    if length <= 0 || start >= end { return (end, end) }
    let (last, overflow) = start.addingReportingOverflow(length)
    return (max(start, from), overflow ? end : max(from, min(last, end)))
  }

  /// Pages of the range that the page cache has, cleared yet or not, and of a tmpfs file those that were swapped out
  /// (cachestat(2), Linux 6.5).
  @inlinable
  public static func cachedPages(
    _ file: Int32, _ offset: Int, _ length: Int
  ) throws(Errno) -> (cached: Int, swapped: Int) {
    var (pages, swapped): (UInt64, UInt64) = (0, 0)
    try Errno.check(unsafe clinux_cached_pages(file, offset, length, &pages, &swapped))
    return (Int(clamping: pages), Int(clamping: swapped))
  }

  /// The offset of the first byte of a range that is not zero; nil when all are. Read, not mapped: nothing is made where
  /// nothing is (pread(2)).
  @inlinable
  public static func firstNonZero(_ file: Int32, _ offset: Int, _ length: Int) throws(Errno) -> Int? {
    var at = 0
    try Errno.check(unsafe clinux_find_nonzero_in_file(file, offset, length, &at))
    return at < length ? at : nil
  }

  /// Why a range cannot be read, and how far it can; nil where it can (pread(2)). A mapping tells no more than that there is
  /// no page.
  @inlinable
  public static func readError(_ file: Int32, _ offset: Int, _ length: Int) -> (errno: Errno, at: Int)? {
    var at = 0
    let error = unsafe clinux_read_through(file, offset, length, &at)
    return error == 0 ? nil : (Errno(error), at)
  }

  /// What is read by this descriptor is what is asked for, and nothing ahead of it (posix_fadvise(2), POSIX_FADV_RANDOM).
  public static func readNoAhead(_ file: Int32) throws(Errno) { try Errno.check(clinux_read_no_ahead(file)) }

  /// Whether anybody else has the file open or mapped, which a write lease tells that is taken and dropped (fcntl(2),
  /// F_SETLEASE). A second descriptor of this process counts as somebody else, one that only names the file (O_PATH) does not.
  public enum Openers: Equatable, Sendable {
    case onlyThis
    case others
    /// To the owner and to CAP_LEASE only, not on every file system, and not of a file that has no name.
    case notTold(Errno)
  }

  /// Who has the file that is open here.
  public static func openers(_ file: Int32) -> Openers {
    let error = clinux_sole_opener(file)
    if error == 0 { return .onlyThis }
    return Errno(error) == .tryAgain ? .others : .notTold(Errno(error))
  }

  /// Whether it is certain that nobody else has it open or mapped, nor has had since `watch` began to watch it; -1: nobody
  /// watches.
  @inlinable
  public static func isUntouched(_ file: Int32, _ watch: Int32) -> Bool {
    watch >= 0 && clinux_watch_is_silent(watch) && clinux_sole_opener(file) == 0
  }
}
