/// How far the work is at one moment.
struct ProgressState: Equatable, Sendable {
  var command: String
  /// What it is all about: files, or anonymous memory.
  var subject: String
  var phase: Phase
  /// The run, from 1, and how many there are.
  var run: Int
  var runs: Int
  var threads: Int
  /// Bytes.
  var done: Int
  var total: Int
  /// Since the phase began.
  var seconds: Double

  /// Bytes a second; nil before the first of them, and for a look that does not count them.
  var rate: Double? {
    let isCounted = phase == .working || done < total
    return isCounted && done > 0 && seconds > 0 ? Double(done) / seconds : nil
  }

  /// At the rate so far; nil while that is unknown.
  var secondsLeft: Double? { rate.map { Double(max(0, total - done)) / $0 } }

  /// Whole per cent, rounded down: 100 is only shown when all is done.
  var percent: Int { done >= total ? 100 : Int(Double(done) / Double(total) * 100) }

  /// "43 % of 4 GiB, 22.1 GiB/s".
  var amount: String {
    let part = "\(percent) % of \(ByteSize.text(total))"
    return rate.map { "\(part), \(Self.text(rate: $0))" } ?? part
  }

  /// "prefault /dev/shm/a: run 1 of 1, 2 threads: 43 % of 4 GiB, 22.1 GiB/s, 0.4 s so far, 0.6 s left".
  var sentence: String {
    let times = ["\(seconds.asTime) so far"] + (secondsLeft.map { ["\($0.asTime) left"] } ?? [])
    let what = "\(command) \(subject): "
    switch phase {
    case .holding: return what + "holding \(ByteSize.text(total)) for \(seconds.asTime)"
    case .undoing: return what + "undoing: " + ([amount] + times).joined(separator: ", ")
    case .preparing: return what + "preparing for \(seconds.asTime)"
    case .working, .verifying:
      let runText = phase == .verifying ? "verifying run" : "run"
      return what + "\(runText) \(run) of \(runs), \(threads.counted("thread")): "
        + ([amount] + times).joined(separator: ", ")
    }
  }

  private static func text(rate: Double) -> String {
    let unit = BinaryUnit(for: rate)
    return rate.inUnits(of: unit).fixed(1) + " \(unit.name)/s"
  }
}
