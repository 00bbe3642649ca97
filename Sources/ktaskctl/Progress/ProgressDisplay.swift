import LinuxSystem

/// The progress bar on standard error, if one is wanted.
struct ProgressDisplay: Sendable {
  private let bar: ProgressBar
  private let began = Clock.now()

  /// nil where no bar is to be shown.
  init?<Command: WorkCommand>(_ command: Command, total: Int) {
    switch command.output.progress {
    case .never, .json: return nil
    case .auto where command.output.quiet || !Terminal.errorIsTerminal: return nil
    case .auto, .always: break
    }
    bar = ProgressBar(what: Command.name, total: total, width: Terminal.width, utf8: Terminal.isUTF8)
  }

  func draw(_ bytesDone: Int) {
    let seconds = Double(Clock.now() - began) / 1e9
    Terminal.offerError("\r" + bar.line(done: bytesDone, elapsed: seconds))
  }

  func erase() { Terminal.writeError("\r\u{1B}[K") }
}
