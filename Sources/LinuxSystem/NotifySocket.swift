internal import CLinux

/// Where a service manager hears how a service gets on: the protocol of sd_notify(3), a datagram of lines `KEY=value`.
public struct NotifySocket: ~Copyable, Sendable {
  private let file: FileDescriptor
  private let name: String

  /// A manager that does not read is not waited for any longer, in seconds.
  private static let patience: Int32 = 5

  /// `name` is what NOTIFY_SOCKET says: an absolute path, or an abstract name after `@`. EOPNOTSUPP for any other.
  public init(_ name: String) throws(Errno) {
    guard name.hasPrefix("/") || name.hasPrefix("@"), name.utf8.count > 1 else { throw .notSupported }
    var number: Int32 = -1
    try Errno.check(unsafe clinux_local_datagram(Self.patience, &number))
    file = FileDescriptor(owning: number)
    self.name = name
  }

  /// Sends one datagram (sendto(2)). EAGAIN where the manager has no room for it, for 5 seconds if `waiting`.
  public func send(_ text: String, waiting: Bool) throws(Errno) {
    try Errno.check(unsafe clinux_send_to_name(file.number, name, text, text.utf8.count, waiting))
  }
}
