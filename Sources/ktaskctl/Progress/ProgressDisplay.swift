import LinuxSystem
import Synchronization

/// The progress on standard error, if it is wanted: a bar, or where the terminal has no control sequences a line now and
/// then.
final class ProgressDisplay: Sendable {
  /// nil: lines.
  private let bar: ProgressBar?
  private let rateLimit = RateLimit(nanoseconds: 2_000_000_000)
  private let isDrawn = Mutex(false)

  /// nil where none is to be shown.
  init?<Command: WorkCommand>(_ command: Command, total: Int) {
    switch command.output.progress {
    case .never, .json: return nil
    case .auto where command.output.quiet || !Terminal.errorIsTerminal || !Terminal.hasControls: return nil
    case .auto, .always: break
    }
    let width = Terminal.width
    bar =
      Terminal.hasControls ? ProgressBar(what: Command.name, total: total, width: width, utf8: Terminal.isUTF8) : nil
  }

  func draw(_ state: ProgressState) {
    if var bar {
      bar.total = state.total
      if [.verifying, .undoing].contains(state.phase) {
        bar.what += state.phase == .undoing ? " undoing" : " verifying"
      }
      Terminal.errors.offer("\r" + bar.line(done: state.done, elapsed: state.seconds))
      isDrawn.withLock { $0 = true }
    } else if rateLimit.isDue() {
      Terminal.errors.offer("ktaskctl: \(state.sentence)\n")
    }
  }

  func erase() {
    isDrawn.withLock { isDrawn in
      if isDrawn { Terminal.errors.offer("\r\u{1B}[K") }
      isDrawn = false
    }
  }
}
