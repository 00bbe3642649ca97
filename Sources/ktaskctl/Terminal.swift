@unsafe @preconcurrency import Glibc
import LinuxSystem

/// The two streams that words go to, and the terminal that they may be.
enum Terminal {
  static let output = Outlet(STDOUT_FILENO)
  static let errors = Outlet(STDERR_FILENO)

  /// How long a reader may take nothing, once there is no more reason to wait for it, in nanoseconds.
  private static let patience: UInt64 = 500_000_000

  /// Waits until all is taken: for what is due as long as it takes, or until it is called off; for the rest a moment.
  static func flush(_ streams: [any Outgoing] = [errors, output], isCalledOff: () -> Bool = { false }) {
    var lastMove = Clock.now()
    while true {
      let hasMoved = streams.count { $0.push() } > 0
      if hasMoved { lastMove = Clock.now() }
      let left = streams.filter { !$0.isEmpty }
      if left.isEmpty { return }
      if left.contains(where: \.isDue) && !isCalledOff() { lastMove = Clock.now() }
      if Clock.since(lastMove) > patience { return }
      StreamEnd.wait(for: left.map(\.number), milliseconds: 20)
      // what says that it takes something, and does not
      if !hasMoved { Clock.sleep(milliseconds: 1) }
    }
  }

  /// A standard stream that is closed would become the number of the next file that is opened, and words for it that
  /// file's content. It gets a descriptor that it cannot be used with, as before, and that `exec` does not hand on.
  static func occupyStreams() {
    for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) == -1 && errno == EBADF {
      let file = unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if file > STDERR_FILENO { close(file) }
    }
  }

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Whether the terminal says that it understands control sequences.
  static var hasControls: Bool {
    let name = environment("TERM") ?? ""
    return !name.isEmpty && name != "dumb"
  }

  /// Columns of the terminal behind standard error, as it is now.
  static var width: Int { width(of: STDERR_FILENO) }

  /// Columns of the terminal that is behind a stream; 80 where there is none.
  static func width(of stream: Int32) -> Int {
    var size = winsize()
    let result = unsafe ioctl(stream, UInt(TIOCGWINSZ), &size)
    return result == 0 && size.ws_col > 0 ? Int(size.ws_col) : usualWidth
  }

  static let usualWidth = 80

  /// Whether the locale says that it shows block characters.
  static var isUTF8: Bool {
    ProgressBar.isUTF8(
      lcAll: environment("LC_ALL"), lcCtype: environment("LC_CTYPE"), lang: environment("LANG"))
  }

  static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}
