import LinuxSystem

/// The results as text for other programs: hyperfine's columns first, under its names, then ours.
enum Export {
  /// Comma-separated values with a heading line and a final newline. Times in seconds, full precision; a value
  /// that is not known is empty.
  static func csv(_ results: [Document.Result]) -> String {
    ([csvHeading] + results.map(csvCells)).map { cells in
      cells.map(csvQuoted).joined(separator: ",") + "\n"
    }.joined()
  }

  /// A Markdown table like hyperfine's, in seconds or milliseconds, whichever suits the fastest.
  static func markdown(_ results: [Document.Result]) -> String {
    guard let fastest = results.min(by: { $0.mean < $1.mean }) else { return "" }
    let unit: MarkdownUnit = fastest.mean < 1 ? .milliseconds : .seconds
    let rows = results.map { result in markdownCells(result, fastest: fastest, unit: unit) }
    let heading = markdownHeading(unit)
    let rule = "|:---|" + String(repeating: "---:|", count: heading.count - 1) + "\n"
    return markdownLine(heading) + rule + rows.map(markdownLine).joined()
  }
}

// MARK: - CSV

extension Export {
  private static let csvHeading = [
    "command", "mean", "stddev", "median", "user", "system", "min", "max", "parameter_threads",
    "bytes_per_second", "speedup", "efficiency", "spread", "runs",
  ]

  private static func csvCells(_ result: Document.Result) -> [String] {
    let hyperfines: [Double?] = [
      result.mean, result.stddev, result.median, result.user, result.system, result.min, result.max,
    ]
    let ours = [result.bytesPerSecond, result.speedup, result.efficiency, result.spread].map(csvNumber)
    let threads = "\(result.threads)"
    return [result.command] + hyperfines.map(csvNumber) + [threads] + ours + ["\(result.times.count)"]
  }

  private static func csvNumber(_ number: Double?) -> String {
    number.map { "\($0)" } ?? ""
  }

  /// RFC 4180: a cell with a comma, a quote or a line break goes between quotes, its quotes doubled.
  private static func csvQuoted(_ cell: String) -> String {
    guard cell.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return cell }
    return "\"" + cell.split(at: UInt8(ascii: "\""), keepingEmpty: true).joined(separator: "\"\"") + "\""
  }
}

// MARK: - Markdown

extension Export {
  private struct MarkdownUnit {
    let name: String
    let perSecond: Double

    let decimals: Int

    static let seconds = MarkdownUnit(name: "s", perSecond: 1, decimals: 3)
    static let milliseconds = MarkdownUnit(name: "ms", perSecond: 1000, decimals: 1)

    func text(_ seconds: Double) -> String { (seconds * perSecond).fixed(decimals) }
  }

  private static func markdownHeading(_ unit: MarkdownUnit) -> [String] {
    let name = unit.name
    return [
      "Command", "Mean [\(name)]", "Min [\(name)]", "Max [\(name)]", "Relative",
      "Threads", "Median [\(name)]", "GiB/s", "Speed-up", "Efficiency",
    ]
  }

  private static func markdownCells(
    _ result: Document.Result, fastest: Document.Result, unit: MarkdownUnit
  ) -> [String] {
    [
      markdownCode(result.command),
      unit.text(result.mean) + (result.stddev.map { " ± " + unit.text($0) } ?? ""),
      unit.text(result.min), unit.text(result.max),
      relative(result, to: fastest),
      "\(result.threads)", unit.text(result.median), result.gibPerSecond.fixed(2),
      result.speedup?.fixed(2) ?? "", result.efficiency?.fixed(2) ?? "",
    ]
  }

  /// As code between more backticks than follow each other in it; a bar would end the cell even there.
  private static func markdownCode(_ text: String) -> String {
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

  private static func markdownLine(_ cells: [String]) -> String {
    "| " + cells.joined(separator: " | ") + " |\n"
  }
}
