/// What a row of measured times comes to, in seconds, as hyperfine counts it.
struct Statistics: Equatable, Sendable {
  let mean: Double
  /// The sample's standard deviation (n - 1); nil for a single run, which says nothing of its neighbours.
  let stddev: Double?
  let median: Double
  let min: Double
  let max: Double

  /// Nil for no times at all.
  init?(_ times: [Double]) {
    let sorted = times.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    mean = sorted.reduce(0, +) / Double(sorted.count)
    stddev = Self.deviation(of: sorted, from: mean)
    median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    min = first
    max = last
  }

  /// Half the distance from the fastest to the slowest run, as a share of the median; nil for a single run or
  /// a median of zero.
  var spread: Double? {
    guard stddev != nil, median > 0 else { return nil }
    return (max - min) / median / 2
  }

  /// The spread for a reader: "±1.2 %", or "-" where there is none.
  var spreadText: String { Self.text(ofSpread: spread) }

  static func text(ofSpread spread: Double?) -> String {
    spread.map { "±" + $0.asPercent } ?? "-"
  }

  private static func deviation(of times: [Double], from mean: Double) -> Double? {
    guard times.count > 1 else { return nil }
    let squares = times.reduce(0) { sum, time in sum + (time - mean) * (time - mean) }
    return (squares / Double(times.count - 1)).squareRoot()
  }
}

extension Statistics {
  /// A first run slower than every other by this share was doing something else as well.
  static let markedlySlower = 0.1
  /// A larger spread makes the figures doubtful.
  static let doubtfulSpread = 0.1

  /// A sentence for each thing that makes these times doubtful. `subject` says whose they are: "2 threads".
  ///
  /// A slow first run is left out before the spread is judged: one cause, one warning.
  /// `wasWarm`: there were unmeasured runs before, or there can be none.
  static func doubts(_ times: [Double], of subject: String, wasWarm: Bool = false) -> [String] {
    let slowFirst = slowFirstRun(times, wasWarm)
    let steady = slowFirst == nil ? times : Array(times.dropFirst())
    return [slowFirst, wideSpread(steady)].compactMap(\.self).map { doubt in "\(subject): \(doubt)" }
  }

  private static func slowFirstRun(_ times: [Double], _ wasWarm: Bool) -> String? {
    guard let first = times.first, let slowest = times.dropFirst().max() else { return nil }
    guard first > slowest * (1 + markedlySlower) else { return nil }
    return "the first run took \(first.asTime), the others \(slowest.asTime) at most"
      + (wasWarm ? "" : "; caches may have been cold, --warmup keeps such a run out of the figures")
  }

  private static func wideSpread(_ times: [Double]) -> String? {
    guard let spread = Statistics(times)?.spread, spread > doubtfulSpread else { return nil }
    return "the runs differ by \(text(ofSpread: spread)); is the machine busy with other work?"
  }
}
