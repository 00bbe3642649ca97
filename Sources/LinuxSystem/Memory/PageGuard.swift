internal import CLinux

/// Sees to it that looking at a file's mapping makes no page of it (userfaultfd(2), missing mode): where a page is
/// missing, madvise(2) fails with EFAULT and an access raises SIGBUS. A page may go between two looks at it.
public struct PageGuard: ~Copyable, Sendable {
  private let descriptor: FileDescriptor

  /// `mapping`, of a file on tmpfs or hugetlbfs, must outlive the guard. Fails where the kernel has no such mode
  /// (Linux 4.14) or forbids it.
  public init(_ mapping: borrowing Mapping) throws(Errno) {
    var number: Int32 = -1
    try Errno.check(unsafe clinux_guard_open(mapping.address, mapping.length, &number))
    descriptor = FileDescriptor(owning: number)
  }
}
