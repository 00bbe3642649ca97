@unsafe @preconcurrency import Glibc

/// A service manager's end of sd_notify(3), the test's own: every datagram as it came.
final class NotifyReceiver {
  /// What NOTIFY_SOCKET is to say.
  let name: String
  private let socket: Int32

  /// `name`: a path, or an abstract name after `@`.
  init(_ name: String) throws {
    self.name = name
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    let result = unsafe withAddress { [socket] in Int(unsafe bind(socket, $0, $1)) }
    if result != 0 { throw Failure("no socket \(name): errno \(errno)") }
  }

  private func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int) -> Int {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let length = socklen_t(2 + bytes.count + (bytes[0] == 0 ? 0 : 1))
    return unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
    }
  }

  deinit { close(socket) }

  /// Takes no more until it is read.
  func fill() {
    let sender = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(sender) }
    while send(sender, "full") {}
  }

  private func send(_ sender: Int32, _ text: String) -> Bool {
    unsafe withAddress { unsafe sendto(sender, text, text.utf8.count, Int32(MSG_DONTWAIT), $0, $1) } >= 0
  }

  /// Before the program's own words: starts it as a service.
  var environment: [String] { ["env", "NOTIFY_SOCKET=\(name)"] }

  /// The next datagram; nil when none comes within `limit` seconds.
  func next(limit: Double = Child.patience) -> String? {
    var ready = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&ready, 1, Int32(limit * 1000)) == 1 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe recv(socket, &buffer, buffer.count, 0)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  /// Up to and including the first datagram that has this line.
  func messages(upTo line: String) throws -> [String] {
    var messages: [String] = []
    while let message = next() {
      messages.append(message)
      if message.split(separator: "\n").contains(line[...]) { return messages }
    }
    throw Failure("no \(line) came, only \(messages)")
  }

  /// What has come and was not read yet.
  func rest() -> [String] {
    var messages: [String] = []
    while let message = next(limit: 0) { messages.append(message) }
    return messages
  }
}
