import LinuxSystem

/// The results as a table for readers of hyperfine's: its columns first, then ours.
enum Markdown {
  /// In seconds or milliseconds, whichever suits the fastest; nothing where nothing was measured.
  static func text(_ results: [Document.Result]) -> String {
    guard let fastest = results.min(by: { $0.mean < $1.mean }) else { return "" }
    let unit: Unit = fastest.mean < 1 ? .milliseconds : .seconds
    let rows = results.map { result in cells(result, fastest: fastest, unit: unit) }
    let heading = heading(unit)
    let rule = "|:---|" + String(repeating: "---:|", count: heading.count - 1) + "\n"
    return line(heading) + rule + rows.map(line).joined()
  }

  private struct Unit {
    let name: String
    let perSecond: Double

    let decimals: Int

    static let seconds = Unit(name: "s", perSecond: 1, decimals: 3)
    static let milliseconds = Unit(name: "ms", perSecond: 1000, decimals: 1)

    func text(_ seconds: Double) -> String { (seconds * perSecond).fixed(decimals) }
  }

  private static func heading(_ unit: Unit) -> [String] {
    let name = unit.name
    return [
      "Command", "Mean [\(name)]", "Min [\(name)]", "Max [\(name)]", "Relative",
      "Threads", "Median [\(name)]", "GiB/s", "Speed-up", "Efficiency",
    ]
  }

  private static func cells(
    _ result: Document.Result, fastest: Document.Result, unit: Unit
  ) -> [String] {
    [
      code(result.command),
      unit.text(result.mean) + (result.stddev.map { " ± " + unit.text($0) } ?? ""),
      unit.text(result.min), unit.text(result.max),
      relative(result, to: fastest),
      "\(result.threads)", unit.text(result.median), result.gibPerSecond.fixed(2),
      result.speedup?.fixed(2) ?? "", result.efficiency?.fixed(2) ?? "",
    ]
  }

  /// As code between more backticks than follow each other in it; a bar would end the cell even there.
  private static func code(_ text: String) -> String {
    let runs = text.utf8.split { $0 != UInt8(ascii: "`") }.map(\.count)
    let fence = String(repeating: "`", count: (runs.max() ?? 0) + 1)
    let space = runs.isEmpty ? "" : " "
    let bars = text.onOneLine.split(at: UInt8(ascii: "|"), keepingEmpty: true).joined(separator: "\\|")
    return fence + space + bars + space + fence
  }

  /// How much slower than the fastest, with the error that both deviations leave: hyperfine's "2.03 ± 0.05".
  private static func relative(_ result: Document.Result, to fastest: Document.Result) -> String {
    guard fastest.mean > 0, result != fastest else { return "1.00" }
    let ratio = result.mean / fastest.mean
    guard let stddev = result.stddev, let fastestStddev = fastest.stddev else { return ratio.fixed(2) }
    let shares = [stddev / result.mean, fastestStddev / fastest.mean]
    let error = ratio * shares.reduce(0) { sum, share in sum + share * share }.squareRoot()
    return ratio.fixed(2) + " ± " + error.fixed(2)
  }

  private static func line(_ cells: [String]) -> String {
    "| " + cells.joined(separator: " | ") + " |\n"
  }
}
