import Glibc
import KTask
import LinuxSystem
import Synchronization

/// The one thread beside the work: it takes the signals, keeps the time limit and draws the progress bar.
///
/// The process's signals are blocked everywhere, so that they wait for this thread and interrupt nothing else.
final class Watch: Sendable {
  enum End: Equatable {
    case signal(Int32)
    case timeout
  }

  private let monitor: TaskMonitor
  private let deadline: UInt64?
  private let draw: (@Sendable (Int) -> Void)?
  private let state = Mutex<(end: End?, isOver: Bool)>((nil, false))

  private static let names = [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"]
  private static let tick = 100_000_000

  /// Must be called before any thread is started. A file larger than allowed is to be an error, not a death; and
  /// somebody who opens a file while it is asked whether anybody has it open breaks a lease, which is no matter.
  static func takeSignals() {
    var set = signalSet()
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    signal(SIGXFSZ, SIG_IGN)
    signal(SIGIO, SIG_IGN)
  }

  /// `timeout` in nanoseconds. `draw` gets the bytes done, ten times a second.
  init(_ monitor: TaskMonitor, timeout: Int?, draw: (@Sendable (Int) -> Void)?) {
    self.monitor = monitor
    self.draw = draw
    deadline = timeout.map { Clock.now() + UInt64($0) }
  }

  /// False where the system gives no thread for it: then signals end the program as they would any other.
  func start() -> Bool {
    do throws(Errno) {
      try DetachedThread.start("ktaskctl watch") { self.watch() }
      return true
    } catch {
      var set = Self.signalSet()
      unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
      return false
    }
  }

  /// What cancelled the work, if anything did.
  var end: End? { state.withLock { $0.end } }

  /// No more drawing from here on.
  func stop() { state.withLock { $0.isOver = true } }

  static func name(of signal: Int32) -> String { names[signal] ?? "signal \(signal)" }

  private func watch() {
    var set = Self.signalSet()
    while !state.withLock({ $0.isOver }) {
      var wait = timespec(tv_sec: 0, tv_nsec: nextWait())
      let number = unsafe sigtimedwait(&set, nil, &wait)
      if number > 0 { cancel(.signal(number)) }
      if let deadline, Clock.now() >= deadline { cancel(.timeout) }
      state.withLock { if !$0.isOver { draw?(monitor.unitsDone) } }
    }
  }

  private func nextWait() -> Int {
    guard let deadline else { return Self.tick }
    let now = Clock.now()
    return now >= deadline ? Self.tick : min(Self.tick, Int(deadline - now))
  }

  /// The first cause counts; the undo is not to be interrupted by a second one.
  private func cancel(_ end: End) {
    state.withLock { if $0.end == nil { $0.end = end } }
    monitor.cancel()
  }

  private static func signalSet() -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in names.keys { unsafe sigaddset(&set, number) }
    return set
  }
}
