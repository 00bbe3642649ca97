import LinuxSystem
import Synchronization

/// The progress on standard error, if it is wanted: a bar, or where the terminal has no control sequences a line now and
/// then.
final class ProgressDisplay: Sendable {
  private let hasBar = Terminal.hasControls
  private let rateLimit = RateLimit(nanoseconds: 2_000_000_000)
  private let isDrawn = Mutex(false)

  /// Columns at the terminal's edge that no line reaches into: what is typed there, as `^C`, wraps nothing.
  private static let margin = 3

  /// nil where none is to be shown.
  init?(_ output: OutputOptions) {
    switch output.progress {
    case .never, .json: return nil
    case .auto where output.quiet || !Terminal.errorIsTerminal || !Terminal.hasControls: return nil
    case .auto, .always: break
    }
  }

  func draw(_ state: ProgressState) {
    if hasBar {
      // asked for each time: the terminal may have another width by now
      let bar = ProgressBar(width: Terminal.width - Self.margin, utf8: Terminal.isUTF8)
      Terminal.errors.offer("\r" + bar.line(state) + Self.atItsStart)
      isDrawn.withLock { $0 = true }
    } else if rateLimit.isDue() {
      Terminal.errors.offer("ktaskctl: \(state.sentence)\n".forReader)
    }
  }

  func erase() {
    isDrawn.withLock { isDrawn in
      if isDrawn { Terminal.errors.offer("\r\u{1B}[K\u{1B}[J") }
      isDrawn = false
    }
  }

  /// Erases what stands behind the line, and leaves the cursor at its first column: a terminal that has become narrower, and
  /// has broken the line in two, keeps the cursor where the line begins, and all of it is overwritten.
  private static let atItsStart = "\u{1B}[J\r"
}
