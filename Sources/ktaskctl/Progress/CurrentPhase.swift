import LinuxSystem
import Synchronization

/// What a sweep consists of, by the names that `--progress json` has for it.
enum Phase: String, Sendable, Encodable {
  case preparing = "prepare"
  case working = "run"
  case verifying = "verify"
  case undoing = "undo"
  case holding = "hold"
}

/// What of its sweep the program is at: written by the thread that runs it, read by the one that shows it.
final class CurrentPhase: Sendable {
  struct Now: Equatable, Sendable {
    var phase = Phase.preparing
    /// The run, counted from 1 over all thread counts and unmeasured runs, and its threads.
    var run = 1
    var threads = 1
    /// When the phase began, on the monotonic clock.
    var began = Clock.now()
  }

  private let state = Mutex(Now())

  var now: Now { state.withLock { $0 } }

  func begin(run: Int, threads: Int) { state.withLock { $0 = Now(phase: .working, run: run, threads: threads) } }

  func begin(_ phase: Phase) {
    state.withLock { now in
      now.phase = phase
      now.began = Clock.now()
    }
  }
}
