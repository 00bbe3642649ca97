/// How long runs took, to say how long those will that are to come.
struct RunTimes: Equatable, Sendable {
  /// Of one run, in seconds: its work, and what follows until the next one begins.
  struct Time: Equatable, Sendable {
    var work: Double
    var rest: Double?

    var whole: Double { work + (rest ?? 0) }
  }
  private var last: Time?
  private var byThreads: [Int: Time] = [:]

  /// A run with so many threads has done its work; `rest` nil: it is not over yet.
  mutating func note(threads: Int, work: Double, rest: Double? = nil) {
    let time = Time(work: work, rest: rest)
    (last, byThreads[threads]) = (time, time)
  }

  /// As the last one with as many threads; where there was none, as the last of any.
  func expected(threads: Int) -> Time? { byThreads[threads] ?? last }

  /// Seconds of the runs that come after `run`, of which there are `runs`, the thread counts taking turns; nil: nothing is known
  /// of any of them yet.
  func seconds(after run: Int, of runs: Int, threads counts: [Int]) -> Double? {
    if run >= runs { return 0 }
    var seconds = 0.0
    for (turn, threads) in counts.enumerated() {
      guard let time = expected(threads: threads) else { return nil }
      let turns = Self.turns(turn, upTo: runs, counts.count) - Self.turns(turn, upTo: run, counts.count)
      seconds += Double(turns) * time.whole
    }
    return seconds
  }

  /// How often a count is measured in the first so many runs; its turn is counted from 0.
  private static func turns(_ turn: Int, upTo run: Int, _ counts: Int) -> Int {
    max(0, (run - turn - 1 + counts) / counts)
  }
}
