import KTask

// What `--threads auto` has found out on the way.

extension Report {
  /// The knee, where it is less than the threads there were.
  var kneeBounds: [Bound] {
    results.compactMap { result in
      result.knee.flatMap { $0 < result.threads ? Bound(.knee, $0) : nil }
    }
  }

  /// With `--verbose`: a bar for each step of the search, as long as its throughput.
  func kneeLines(_ style: TextStyle) -> [String] {
    results.flatMap { result -> [String] in
      guard let knee = result.knee, let steps = result.steps else { return [] }
      return ["knee: \(knee.counted("thread")); what was measured on the way:"] + KneeChart.lines(steps, style)
    }
  }
}

/// The steps of a search for a terminal.
enum KneeChart {
  private static let mostCells = 40

  static func lines(_ steps: [Document.Step], _ style: TextStyle) -> [String] {
    let most = steps.map(\.bytesPerSecond).max() ?? 0
    if most <= 0 { return [] }
    let countWidth = steps.map { "\($0.threads)".count }.max() ?? 0
    let rates = steps.map { ($0.bytesPerSecond / BinaryUnit.gib).fixed(2) + " GiB/s" }
    let rateWidth = rates.map(\.count).max() ?? 0
    let cells = max(8, min(mostCells, style.width - countWidth - rateWidth - 4))
    return zip(steps, rates).map { step, rate in
      let length = max(1, Int((step.bytesPerSecond / most * Double(cells)).rounded()))
      let bar = String(repeating: style.isUTF8 ? "█" : "#", count: length)
      return "  \("\(step.threads)".rightAligned(to: countWidth)) \(rate.rightAligned(to: rateWidth)) \(bar)"
    }
  }
}
