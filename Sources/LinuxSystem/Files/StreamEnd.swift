internal import CLinux
internal import Glibc

/// The end of a stream that is written to, by this process and perhaps by others: O_NONBLOCK would be theirs as well, and
/// is not set. A write never waits for a reader all the same.
///
/// A terminal is opened once more, for this process alone. What cannot be written to without waiting in any other way is
/// asked whether it takes something, and is given no more than a pipe takes then.
public struct StreamEnd: ~Copyable, Sendable {
  /// What a write to it may have to wait for.
  private enum Kind {
    /// Nothing: a file, a device.
    case file
    case socket
    /// The reader of what is open for this process alone, not to wait.
    case own
    /// The reader of what others have open, too.
    case shared
  }

  private let number: Int32
  private let kind: Kind
  private let own: FileDescriptor?

  /// Of an open descriptor, which stays its owner's.
  public init(_ number: Int32) {
    let mode = Self.mode(number)
    if mode == S_IFSOCK {
      self.init(number, .socket)
    } else if mode == S_IFCHR, isatty(number) == 1, let file = Self.opened(number) {
      self.init(owning: file)
    } else {
      self.init(number, mode == S_IFIFO || mode == nil || isatty(number) == 1 ? .shared : .file)
    }
  }

  /// Of a stream that this process has opened not to wait.
  public init(owning file: consuming FileDescriptor) {
    number = file.number
    kind = .own
    own = consume file
  }

  private init(_ number: Int32, _ kind: Kind) {
    self.number = number
    self.kind = kind
    own = nil
  }

  /// Writes as much as is taken now; how many bytes that was (write(2), send(2)).
  public func write(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
    do throws(Errno) {
      switch kind {
      case .socket:
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        return try Self.count(unsafe bytes.withUnsafeBytes { unsafe send(number, $0.baseAddress, $0.count, flags) })
      case .file, .own:
        return try Self.count(unsafe bytes.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) })
      case .shared: return try writeShared(bytes)
      }
    } catch {
      if error == .tryAgain || error == .interrupted { return 0 }
      throw error
    }
  }

  private func writeShared(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
    var written = 0
    let error = unsafe bytes.withUnsafeBytes {
      unsafe clinux_write_at_once(number, $0.baseAddress, $0.count, &written)
    }
    if error == 0 { return written }
    // whoever has no such call says so, or knows nothing of its number or flag
    if ![.notSupported, .noSystemCall, .invalid, .permission].contains(Errno(error)) { throw Errno(error) }
    if !Self.takesSomething(number) { return 0 }
    let most = bytes.prefix(Int(PIPE_BUF))
    return try Self.count(unsafe most.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) })
  }

  private static func count(_ result: Int) throws(Errno) -> Int {
    if result == -1 { throw .current }
    return result
  }

  /// Waits until one of these may take something, or time has passed (poll(2)).
  public static func wait(for ends: [Int32], milliseconds: Int) {
    var files = ends.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
    let ready = unsafe poll(&files, nfds_t(files.count), Int32(milliseconds))
    // where it is refused, time passes in another way
    if ready == -1 && Errno.current != .interrupted { Clock.sleep(milliseconds: milliseconds) }
  }

  /// nil where the kernel does not tell.
  private static func mode(_ number: Int32) -> mode_t? {
    var raw = stat()
    return unsafe fstat(number, &raw) == 0 ? raw.st_mode & S_IFMT : nil
  }

  private static func opened(_ number: Int32) -> FileDescriptor? {
    let file = unsafe open("/proc/self/fd/\(number)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    return file == -1 ? nil : FileDescriptor(owning: file)
  }

  /// Where the kernel does not say, it may.
  private static func takesSomething(_ number: Int32) -> Bool {
    var file = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&file, 1, 0) != 0
  }
}
