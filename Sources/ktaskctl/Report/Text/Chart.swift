import KTask

/// The sweep as a small chart for a terminal, drawn from results alone: a bar per thread count, full up to the fastest
/// run and light up to the slowest, with a mark where the ideal is.
enum Chart {
  private static let mostCells = 40
  private static let fewestCells = 8

  /// Nothing for a single thread count. `width`: columns that no bar reaches beyond.
  static func lines(_ results: [Document.Result], utf8: Bool, width: Int = Terminal.usualWidth) -> [String] {
    guard results.count > 1, let slowest = results.map(\.max).max(), slowest > 0 else { return [] }
    let oneThread = results.first { $0.threads == 1 }?.median
    let countWidth = results.map { "\($0.threads)".count }.max() ?? 0
    let timeWidth = results.map { $0.median.asTime.count }.max() ?? 0
    let cells = max(fewestCells, min(mostCells, width - countWidth - timeWidth - 4))
    let rows = results.map { result in
      let ideal = oneThread.map { $0 / Double(result.threads) }
      let bar = bar(result.min / slowest, result.max / slowest, ideal.map { $0 / slowest }, cells, utf8)
      return "  " + "\(result.threads)".rightAligned(to: countWidth) + " " + bar + " " + result.median.asTime
    }
    return rows + ["  " + legend(hasIdeal: oneThread != nil, utf8)]
  }

  /// The shares are of the whole width.
  private static func bar(_ fastest: Double, _ slowest: Double, _ ideal: Double?, _ cells: Int, _ utf8: Bool) -> String
  {
    let (full, light, mark) = marks(utf8)
    let ends = (cell(fastest, of: cells), cell(slowest, of: cells), ideal.map { cell($0, of: cells) })
    return (1...cells).map { cell in
      if cell == ends.2 { return mark }
      return cell <= ends.0 ? full : cell <= ends.1 ? light : " "
    }.joined()
  }

  /// The last cell that a share of the width reaches into, from 1.
  private static func cell(_ share: Double, of cells: Int) -> Int {
    max(1, min(cells, Int((share * Double(cells)).rounded())))
  }

  private static func marks(_ utf8: Bool) -> (full: String, light: String, ideal: String) {
    utf8 ? ("█", "░", "│") : ("#", ".", "|")
  }

  private static func legend(hasIdeal: Bool, _ utf8: Bool) -> String {
    let (full, light, mark) = marks(utf8)
    return "\(full) fastest run  \(light) slowest run" + (hasIdeal ? "  \(mark) ideal" : "")
  }
}

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

extension Document.Step {
  init(_ sample: KneeSample) {
    self.init(threads: sample.threads, bytesPerSecond: sample.rate, node: sample.node)
  }
}

/// The steps of a search for a terminal.
enum KneeChart {
  private static let mostCells = 40

  static func lines(_ steps: [Document.Step], _ style: TextStyle) -> [String] {
    let most = steps.map(\.bytesPerSecond).max() ?? 0
    if most <= 0 { return [] }
    let counts = steps.map { step in (step.node.map { "node \($0): " } ?? "") + "\(step.threads)" }
    let countWidth = counts.map(\.count).max() ?? 0
    let rates = steps.map { ($0.bytesPerSecond / BinaryUnit.gib).fixed(2) + " GiB/s" }
    let rateWidth = rates.map(\.count).max() ?? 0
    let cells = max(8, min(mostCells, style.width - countWidth - rateWidth - 4))
    return steps.indices.map { index in
      let (step, count, rate) = (steps[index], counts[index], rates[index])
      let length = max(1, Int((step.bytesPerSecond / most * Double(cells)).rounded()))
      let bar = String(repeating: style.isUTF8 ? "█" : "#", count: length)
      return "  \(count.rightAligned(to: countWidth)) \(rate.rightAligned(to: rateWidth)) \(bar)"
    }
  }
}
