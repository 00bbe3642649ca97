import Glibc
import LinuxSystem
import Synchronization

/// The signals that this program takes, and what they did before it took them.
final class HeardSignals: Sendable {
  /// Those that end the work.
  private static let names = [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"]

  /// Asks how far it is, as it asks dd(1).
  static let question = SIGUSR1

  /// Tells a service to read its settings again; it ends any other work.
  static let reloading = SIGHUP

  /// Those that are errors to be met with an undo, and not deaths: a file larger than allowed, and words that nobody
  /// reads any more. And somebody who opens a file while it is asked whether anybody has it open breaks a lease, which
  /// is no matter.
  private static let dropped = [SIGXFSZ, SIGPIPE, SIGIO]

  let inherited: SignalActions
  /// What was ignored when this program started stays so, as nohup(1) and a shell's `&` want it.
  let heard: [Int32]
  private let isGivenUp = Mutex(false)

  /// Takes them; to be called before any thread is started.
  init() throws(Failure) {
    let all = Self.names.keys + [Self.question]
    inherited = try Failure.settingUp("finding out what signals do") { () throws(Errno) in
      try SignalActions(of: all + Self.dropped)
    }
    let ignored = inherited.ignored
    heard = all.filter { !ignored.contains($0) }
    let (heard, dropped) = (heard, Self.dropped)
    try Failure.settingUp("blocking signals") { () throws(Errno) in try Signals.block(heard) }
    try Failure.settingUp("ignoring signals") { () throws(Errno) in try Signals.ignore(dropped) }
  }

  static func name(of signal: Int32) -> String { names[signal] ?? "signal \(signal)" }

  /// True for the first who says that they cannot be heard.
  func giveUp() -> Bool {
    isGivenUp.withLock { isGivenUp in
      defer { isGivenUp = true }
      return !isGivenUp
    }
  }
}
