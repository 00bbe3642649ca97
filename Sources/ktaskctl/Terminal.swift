@unsafe @preconcurrency import Glibc
import LinuxSystem

/// The two streams that words go to.
enum Terminal {
  static func write(_ text: String) { unsafe fputs(text, stdout) }
  static func writeError(_ text: String) { unsafe fputs(text, stderr) }

  /// Whether what is to be told waits until somebody reads: a stream that takes no word now, or an export to a FIFO.
  static func mayHaveToWait(for exports: [String]) -> Bool {
    var streams = [STDOUT_FILENO, STDERR_FILENO].map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
    let ready = unsafe poll(&streams, nfds_t(streams.count), 0)
    return ready < streams.count || exports.contains { (try? FileStatus.ofName($0).kind) == .fifo }
  }

  /// For words that may be left out: dropped where standard error would have to be waited for, since nobody reads it.
  static func offerError(_ text: String) {
    var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    if unsafe poll(&ready, 1, 0) == 1 { writeError(text) }
  }

  /// A standard stream that is closed would become the number of the next file that is opened, and words for it that
  /// file's content. It gets a descriptor that it cannot be used with, as before, and that `exec` does not hand on.
  static func occupyStreams() {
    for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) == -1 {
      let file = unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if file > STDERR_FILENO { close(file) }
    }
  }

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns of the terminal behind standard error.
  static var width: Int {
    var size = winsize()
    let result = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size)
    return result == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// Whether the locale says that it shows block characters.
  static var isUTF8: Bool {
    ProgressBar.isUTF8(
      lcAll: environment("LC_ALL"), lcCtype: environment("LC_CTYPE"), lang: environment("LANG"))
  }

  static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// Flushes, and says whether all of standard output could be written.
  static func finish() -> Bool { unsafe fflush(stdout) == 0 && ferror(stdout) == 0 }

  /// What a name leads to (realpath(3)); itself where that is not there.
  static func target(of path: String) -> String {
    guard let target = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(target) }
    return unsafe String(cString: target)
  }

  /// Why a file of that name could not be written, as far as that can be known beforehand.
  static func refusal(toWrite path: String) -> Errno? {
    if let kind = try? FileStatus.ofName(path).kind {
      if kind == .directory { return .isDirectory }
      return unsafe access(path, W_OK) == 0 ? nil : Errno(errno)
    }
    do throws(Errno) {
      try checkNaming(path)
      return nil
    } catch {
      return error
    }
  }

  /// Writes a whole file, mode 0600 if new; `-` is standard output. False with errno set.
  static func write(_ text: String, toFile path: String) -> Bool {
    if path == "-" {
      write(text)
      return true
    }
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    if file == -1 { return false }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
      if count <= 0 { break }
      bytes = bytes.dropFirst(count)
    }
    return close(file) == 0 && bytes.isEmpty
  }
}
