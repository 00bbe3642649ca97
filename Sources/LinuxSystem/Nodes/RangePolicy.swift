internal import CLinux

/// The memory policy of a range of a private mapping, to be put back as it was.
public struct RangePolicy: Sendable {
  public let range: Range<UInt>
  private let policy: clinux_range_policy

  /// Of a range that one mapping has all of (get_mempolicy(2), MPOL_F_ADDR). EFAULT: nothing is mapped there; EPERM, ENOSYS: a
  /// container keeps the call from this process.
  public init(of range: Range<UInt>) throws(Errno) {
    self.range = range
    var found = clinux_range_policy()
    try Errno.check(unsafe clinux_policy_at(range.lowerBound, &found))
    policy = found
  }

  /// Gives it to the pages that are made from now on (mbind(2)).
  public func restore() throws(Errno) {
    var policy = policy
    try Errno.check(unsafe clinux_restore_policy(range.lowerBound, range.count, &policy))
  }
}
