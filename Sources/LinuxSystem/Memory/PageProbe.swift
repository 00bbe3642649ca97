public import CLinux

/// Tells which pages of a hugetlbfs file's mapping are there, without making any (userfaultfd(2), minor mode).
public struct PageProbe: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  /// The descriptor's number, for calls inside a chunk.
  public var number: Int32 { descriptor.number }

  /// `mapping` must outlive the probe. Fails where the kernel has no such mode (Linux 5.13) or forbids it.
  public init(_ mapping: borrowing Mapping) throws(Errno) { try self.init(mapping.address, mapping.length) }

  /// The same on a mapping of somebody else's.
  public init(_ address: UInt, _ length: Int) throws(Errno) {
    var number: Int32 = -1
    try Errno.check(unsafe clinux_probe_open(address, length, true, &number))
    descriptor = FileDescriptor(owning: number)
  }

  /// Bytes that are there from an address on, before the first page that is missing.
  @inlinable
  public static func present(_ probe: Int32, _ address: UInt, _ length: Int) throws(Errno) -> Int {
    var bytes = 0
    try Errno.check(unsafe clinux_probe(probe, address, length, &bytes))
    return bytes
  }
}

/// The same where the kernel forbids that: tried with a private mapping of one page after the other, and told by the page's
/// kind (/proc/self/pagemap). A page of the pool stands in for a missing one for a moment, so this is for those who are
/// about to make it anyway.
public struct PageTrial: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  /// The descriptor's number, for calls inside a chunk.
  public var number: Int32 { descriptor.number }

  public init() throws(Errno) { descriptor = try FileDescriptor.open("/proc/self/pagemap", .readOnly) }

  /// `catchBusErrors` must have been called.
  @inlinable
  public static func isThere(_ trial: Int32, _ file: Int32, _ offset: Int, pageSize: Int) throws(Errno) -> Bool {
    var isThere = false
    try Errno.check(unsafe clinux_try_huge_page(file, trial, offset, pageSize, &isThere))
    return isThere
  }
}
