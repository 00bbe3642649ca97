/// How far the work is at one moment: what the bar, SIGUSR1's answer, `--progress json` and the service manager are told.
struct ProgressState: Equatable, Sendable {
  var command: String
  /// What it is all about: files, or anonymous memory.
  var subject: String
  var phase: Phase
  /// The run, from 1, and how many there are.
  var run: Int
  var runs: Int
  var threads: Int
  /// Bytes of the run at hand.
  var done: Int
  var total: Int
  /// Since the phase began.
  var seconds: Double
  /// What follows this phase in its run, as long as it took before; nil: not known.
  var restOfRun: Double?
  /// What the runs to come will take; nil: nothing is known of them yet.
  var laterRuns: Double?

  /// Bytes a second; nil before the first of them, and for a look that does not count them.
  var rate: Double? {
    let isCounted = phase == .working || done < total
    return isCounted && done > 0 && seconds > 0 ? Double(done) / seconds : nil
  }

  /// Of this phase, at the rate so far; nil while that is unknown.
  var secondsLeft: Double? { rate.map { Double(max(0, total - done)) / $0 } }

  /// Of all runs. While nothing is known of those to come, they are taken to be like this one.
  var secondsLeftInAll: Double? {
    guard let own = secondsLeft ?? (done >= total ? 0 : nil) else { return nil }
    let rest = own + (restOfRun ?? 0)
    return rest + (laterRuns ?? Double(max(0, runs - run)) * (seconds + rest))
  }

  /// How much of all runs is done. The last tenth of each of several is its verifying, which may look more than once.
  var share: Double {
    let part = done >= total ? 1 : Double(done) / Double(total)
    switch phase {
    case .working where runs > 1: return (Double(run - 1) + part * 0.9) / Double(runs)
    case .verifying where runs > 1: return (Double(run) - 0.1) / Double(runs)
    case .preparing: return 0
    case .working, .verifying, .undoing, .holding: return part
    }
  }

  /// Whole per cent of the run at hand, rounded down: 100 is only shown when all is done.
  var percent: Int { done >= total ? 100 : Int(Double(done) / Double(total) * 100) }

  /// "run 3 of 12".
  var runWord: String { "run \(run) of \(runs)" }

  /// "43 % of 4 GiB, 22.1 GiB/s".
  var amount: String {
    let part = "\(percent) % of \(ByteSize.text(total))"
    return rate.map { "\(part), \(Self.text(rate: $0))" } ?? part
  }

  /// "prefault /dev/shm/a: run 1 of 1, 2 threads: 43 % of 4 GiB, 22.1 GiB/s, 0.4 s so far, 0.6 s left".
  var sentence: String {
    let what = "\(command) \(subject): "
    switch phase {
    case .holding: return what + "holding \(ByteSize.text(total)) for \(seconds.asTime)"
    case .undoing: return what + "undoing: " + ([amount] + times).joined(separator: ", ")
    case .preparing: return what + "preparing for \(seconds.asTime)"
    case .working, .verifying:
      let runText = phase == .verifying ? "verifying \(runWord)" : runWord
      return what + "\(runText), \(threads.counted("thread")): " + ([amount] + times).joined(separator: ", ")
    }
  }

  private var times: [String] {
    let inAll = runs > 1 && phase != .undoing ? secondsLeftInAll : nil
    return ["\(seconds.asTime) so far"] + (secondsLeft.map { ["\($0.asTime) left"] } ?? [])
      + (inAll.map { ["\($0.asTime) for all runs"] } ?? [])
  }

  private static func text(rate: Double) -> String {
    let unit = BinaryUnit(for: rate)
    return rate.inUnits(of: unit).fixed(1) + " \(unit.name)/s"
  }
}
