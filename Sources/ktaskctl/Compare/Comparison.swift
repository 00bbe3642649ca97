import LinuxSystem

/// Two reports side by side.
struct Comparison: Sendable {
  let first: ComparedReport
  let second: ComparedReport
  /// The numbers of threads that both have, ascending.
  let rows: [Row]

  /// One number of threads.
  struct Row: Equatable, Sendable {
    enum Verdict: String, Sendable {
      /// The second, as far as the interval tells.
      case faster, slower
      /// The interval has 1 in it, or there is none.
      case open
    }
    let threads: Int
    /// In seconds, the first's and the second's.
    let medians: (first: Double, second: Double)
    let runs: (first: Int, second: Int)
    /// The first median by the second: above 1 the second is faster; nil: one that took no time.
    let ratio: Double?
    /// One of the runs took no time that its clock shows.
    let isTooShort: Bool
    /// Where the ratio of the medians is, and how sure that is; nil where one was measured once, or was too short.
    let interval: (least: Double, most: Double, confidence: Double)?

    var verdict: Verdict {
      guard let interval else { return .open }
      return interval.least > 1 ? .faster : interval.most < 1 ? .slower : .open
    }

    static func == (one: Row, other: Row) -> Bool {
      one.threads == other.threads && one.medians == other.medians && one.runs == other.runs
    }
  }

  /// Where they have no number of threads in common there is nothing to compare.
  init(_ first: ComparedReport, _ second: ComparedReport) throws(Failure) {
    self.first = first
    self.second = second
    rows = first.times.keys.sorted().compactMap { threads in
      second.times[threads].flatMap { Row(threads, first.times[threads] ?? [], $0) }
    }
    if rows.isEmpty {
      throw Failure(
        "\(first.path.shown), \(second.path.shown)",
        "have no number of threads in common: \(first.counts) and \(second.counts)",
        remedy: "ktaskctl clear --threads \(first.counts)", path: second.path)
    }
  }
}

extension Comparison.Row {
  /// nil without times.
  init?(_ threads: Int, _ first: [Double], _ second: [Double]) {
    guard let one = Statistics(first), let other = Statistics(second), let range = MedianInterval(first),
      let otherRange = MedianInterval(second)
    else { return nil }
    self.threads = threads
    medians = (one.median, other.median)
    runs = (first.count, second.count)
    ratio = one.median > 0 && other.median > 0 ? one.median / other.median : nil
    let confidence = range.confidence * otherRange.confidence
    isTooShort = [range.least, otherRange.least].contains(0)
    interval =
      confidence > 0 && !isTooShort
      ? (range.least / otherRange.most, range.most / otherRange.least, confidence) : nil
  }
}

extension ComparedReport {
  /// "1,2,4".
  var counts: String { ThreadRequest.counts(times.keys.sorted()).text }
}
