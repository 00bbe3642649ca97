internal import CLinux

/// Where a service manager hears how a service gets on: the protocol of sd_notify(3), a datagram of lines `KEY=value`.
public struct NotifySocket: ~Copyable, Sendable {
  private let file: FileDescriptor
  private let name: String

  /// `name` is what NOTIFY_SOCKET says: an absolute path, or an abstract name after `@`. EOPNOTSUPP for any other.
  public init(_ name: String) throws(Errno) {
    guard isAbsolute(name) || name.utf8.first == UInt8(ascii: "@"), name.utf8.count > 1 else { throw .notSupported }
    var number: Int32 = -1
    try Errno.check(unsafe clinux_local_datagram(&number))
    file = FileDescriptor(owning: number)
    self.name = name
  }

  /// To wait with; whoever is to read it may be full all the same.
  public var number: Int32 { file.number }

  /// Sends one datagram, without waiting (sendto(2)). EAGAIN where the manager has no room for it.
  public func send(_ text: String) throws(Errno) {
    try Errno.check(unsafe clinux_send_to_name(file.number, name, text, text.utf8.count))
  }
}
