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
    /// In all, as far as is known by now.
    var runs = 1
    /// When the phase began, on the monotonic clock.
    var began = Clock.now()
    var times = RunTimes()

    fileprivate var seconds: Double { Double(Clock.since(began)) / 1e9 }
  }

  private let state = Mutex(Now())

  var now: Now { state.withLock { $0 } }

  /// Before the first of them.
  func expect(runs: Int) { state.withLock { $0.runs = runs } }

  func begin(run: Int, of runs: Int, threads: Int) {
    state.withLock { now in
      if now.phase == .verifying, let work = now.times.expected(threads: now.threads)?.work {
        now.times.note(threads: now.threads, work: work, rest: now.seconds)
      }
      (now.phase, now.run, now.runs, now.threads, now.began) = (.working, run, runs, threads, Clock.now())
    }
  }

  func begin(_ phase: Phase) {
    state.withLock { now in
      if now.phase == .working && phase == .verifying {
        let rest = now.times.expected(threads: now.threads)?.rest
        now.times.note(threads: now.threads, work: now.seconds, rest: rest)
      }
      (now.phase, now.began) = (phase, Clock.now())
    }
  }
}
