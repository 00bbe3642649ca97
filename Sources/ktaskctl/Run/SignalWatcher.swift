import KTask
import LinuxSystem
import Synchronization

/// The one thread beside the work: it takes the signals, keeps the time limit and draws the progress bar.
///
/// It is there before anything is looked at, so that whatever takes long can be cancelled, and until all has been told;
/// who follows the work comes later. The process's signals are blocked everywhere, so that they wait for this thread and
/// interrupt nothing else.
final class SignalWatcher: Sendable {
  let signals: HeardSignals
  private let monitor: TaskMonitor
  private let deadline: UInt64?
  private struct State {
    var listeners: ProgressListeners?
    /// Without which the work is in vain.
    var process: Owned<RunningProcess>?
    var isDrawing = false
    var end: Interruption?
    /// The signals that came, each once, also when something else had ended the work.
    var signals: [Int32] = []
    var isOver = false
    var hasLeft = true
    /// The caller looks for signals itself.
    var isAlone = false
    /// Somebody asked how far it is while nobody followed.
    var isAsked = false
  }
  private let state = Mutex(State())
  private static let tick = 100_000_000

  /// Cancels `monitor` after `timeout` nanoseconds, or by a signal.
  init(_ monitor: TaskMonitor, _ signals: HeardSignals, timeout: Int?) {
    self.monitor = monitor
    self.signals = signals
    deadline = timeout.map { Clock.now() + UInt64($0) }
  }

  /// Where the system gives no thread for it, signals end the program as they would any other.
  func start() {
    do throws(Errno) {
      state.withLock { $0.hasLeft = false }
      try DetachedThread.start("ktaskctl watch") { self.watch() }
    } catch {
      state.withLock { $0.hasLeft = true }
      giveUp("no thread for signals and --timeout", error)
    }
  }

  /// From now on they get a tick ten times a second, and draw. The end of `process`, too, ends the work.
  func follow(_ listeners: ProgressListeners, _ process: Owned<RunningProcess>? = nil) {
    state.withLock { state in
      state.process = process
      state.listeners = listeners
      state.isDrawing = true
      // what cancels may have come just before
      if state.end != nil { listeners.tell(.stopping) }
    }
  }

  /// Nothing is drawn any more.
  func stopDrawing() {
    state.withLock { state in
      if state.isDrawing { state.listeners?.erase() }
      state.isDrawing = false
    }
  }

  /// Whether somebody asked how far it is, and got no answer.
  var wasAsked: Bool { state.withLock { $0.isAsked } }

  /// What cancelled the work, if anything did.
  var end: Interruption? { state.withLock { $0.end } }

  /// The signals that came, each once, whatever ended the work.
  var heard: [Int32] { state.withLock { $0.signals } }

  /// Whether the work was in vain, since its process has ended.
  var hasLostProcess: Bool {
    if state.withLock({ $0.process?.value.hasEnded }) == true { cancel(.processEnded) }
    return end == .processEnded
  }

  /// Whether a signal did; the time limit is of no matter to what is held.
  var hasHeardSignal: Bool {
    if case .signal = end { return true }
    return false
  }

  /// From now on the caller asks again and again whether it is to end: be there a thread or not, signals are heard.
  func beginTelling() {
    let isAlone = state.withLock { state in
      state.isAlone = state.hasLeft
      return state.isAlone
    }
    if isAlone { try? Signals.block(signals.heard) }
  }

  /// Whether it is to end.
  var isCalledOff: Bool {
    if state.withLock({ $0.isAlone }), let number = try? Signals.takePending(of: signals.heard) { hear(number) }
    if let deadline, Clock.now() >= deadline { cancel(.timeout) }
    return end != nil
  }

  /// Stops, and waits until the signals are the caller's to take.
  func handOver() {
    state.withLock { $0.isOver = true }
    while !state.withLock({ $0.hasLeft }) { Clock.sleep(milliseconds: 1) }
    try? Signals.block(signals.heard)
  }

  private func watch() {
    while !state.withLock({ $0.isOver }) {
      if let number = nextSignal() { hear(number) }
      if let deadline, Clock.now() >= deadline { cancel(.timeout) }
      _ = hasLostProcess
      state.withLock { state in
        if state.isDrawing { state.listeners?.tick(isStopping: state.end != nil) }
        state.listeners?.push()
      }
    }
    state.withLock { $0.hasLeft = true }
  }

  private func hear(_ number: Int32) {
    if number == HeardSignals.question {
      state.withLock { state in
        if let listeners = state.listeners { listeners.answer() } else { state.isAsked = true }
      }
    } else {
      cancel(.signal(number))
    }
  }

  /// One that came within a tick. Where it cannot be waited for, it is looked for.
  private func nextSignal() -> Int32? {
    do throws(Errno) {
      return try Signals.next(of: signals.heard, nanoseconds: nextWait())
    } catch {
      Clock.sleep(milliseconds: min(nextWait(), Self.tick / 5) / 1_000_000)
      return pendingSignal()
    }
  }

  private func pendingSignal() -> Int32? {
    do throws(Errno) {
      return try Signals.takePending(of: signals.heard)
    } catch {
      giveUp("signals cannot be waited for", error)
      return nil
    }
  }

  /// From now on signals are not heard, but do what they do to any program.
  private func giveUp(_ why: String, _ error: Errno) {
    if signals.giveUp() {
      Terminal.errors.write("ktaskctl: warning: \(why), a signal ends it without an undo: \(error.sentence)\n")
    }
    try? Signals.unblock(signals.heard)
  }

  private func nextWait() -> Int {
    guard let deadline else { return Self.tick }
    let now = Clock.now()
    if now >= deadline { return end == nil ? 0 : Self.tick }
    return min(Self.tick, Int(deadline - now))
  }

  /// The first cause counts; the undo is not to be interrupted by a second one.
  private func cancel(_ end: Interruption) {
    state.withLock { state in
      if case .signal(let number) = end, !state.signals.contains(number) { state.signals.append(number) }
      if state.end != nil || (state.isOver && end == .timeout) { return }
      state.end = end
      monitor.cancel()
      state.listeners?.tell(.stopping)
    }
  }
}
