import Glibc
import KTask
import LinuxSystem
import Synchronization

/// The one thread beside the work: it takes the signals, keeps the time limit and draws the progress bar.
///
/// It is there before anything is looked at, so that whatever takes long can be cancelled; who follows the work comes later.
/// The process's signals are blocked everywhere, so that they wait for this thread and interrupt nothing else.
final class Watch: Sendable {
  enum End: Equatable {
    case signal(Int32)
    case timeout
  }

  private let monitor: TaskMonitor
  private let deadline: UInt64?
  private struct State {
    var followers: Followers?
    var end: End?
    var isOver = false
    var hasLeft = true
  }
  private let state = Mutex(State())

  /// Those that end the work.
  private static let names = [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"]
  private static let tick = 100_000_000

  /// Those that are errors to be met with an undo, and not deaths: a file larger than allowed, and words that nobody
  /// reads any more. And somebody who opens a file while it is asked whether anybody has it open breaks a lease, which
  /// is no matter.
  static let dropped = [SIGXFSZ, SIGPIPE, SIGIO]

  /// Must be called before any thread is started.
  static func takeSignals() {
    var set = signalSet()
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    for number in dropped { signal(number, SIG_IGN) }
  }

  /// Who does not want to wait until somebody reads the report may end the program: all has been done by then.
  static func letSignalsThrough() {
    var set = signalSet()
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// Cancels `monitor` after `timeout` nanoseconds, or by a signal.
  init(_ monitor: TaskMonitor, timeout: Int?) {
    self.monitor = monitor
    deadline = timeout.map { Clock.now() + UInt64($0) }
  }

  /// False where the system gives no thread for it: then signals end the program as they would any other.
  func start() -> Bool {
    do throws(Errno) {
      state.withLock { $0.hasLeft = false }
      try DetachedThread.start("ktaskctl watch") { self.watch() }
      return true
    } catch {
      state.withLock { $0.hasLeft = true }
      Self.letSignalsThrough()
      return false
    }
  }

  /// From now on they get a tick ten times a second.
  func follow(_ followers: Followers) { state.withLock { $0.followers = followers } }

  /// What cancelled the work, if anything did.
  var end: End? { state.withLock { $0.end } }

  /// No more drawing from here on, and no more time limit.
  func stop() { state.withLock { $0.isOver = true } }

  /// Stops, and waits until the signals are the caller's to take.
  func handOver() {
    stop()
    while !state.withLock({ $0.hasLeft }) { usleep(1000) }
    Self.takeSignals()
  }

  static func name(of signal: Int32) -> String { names[signal] ?? "signal \(signal)" }

  private func watch() {
    var set = Self.signalSet()
    while !state.withLock({ $0.isOver }) {
      var wait = timespec(tv_sec: 0, tv_nsec: nextWait())
      let number = unsafe sigtimedwait(&set, nil, &wait)
      if number == Self.question {
        state.withLock { $0.followers?.answer() }
      } else if number > 0 {
        cancel(.signal(number))
      }
      if let deadline, Clock.now() >= deadline { cancel(.timeout) }
      state.withLock { if !$0.isOver && $0.end == nil { $0.followers?.tick() } }
    }
    state.withLock { $0.hasLeft = true }
  }

  private func nextWait() -> Int {
    guard let deadline else { return Self.tick }
    let now = Clock.now()
    return now >= deadline ? Self.tick : min(Self.tick, Int(deadline - now))
  }

  /// The first cause counts; the undo is not to be interrupted by a second one.
  private func cancel(_ end: End) {
    state.withLock { state in
      if state.end != nil || (state.isOver && end == .timeout) { return }
      state.end = end
      if !state.isOver { state.followers?.tell(.stopping) }
    }
    monitor.cancel()
  }

  /// Asks how far it is, as it asks dd(1).
  static let question = SIGUSR1

  /// All that can be taken.
  static var all: [Int32] { names.keys + [question] }

  /// Those that are: what was ignored when this program started stays so, as nohup(1) and a shell's `&` want it.
  static let signals = all.filter { !Launch.inheritedSignals.ignored.contains($0) }

  private static func signalSet() -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in signals { unsafe sigaddset(&set, number) }
    return set
  }
}
