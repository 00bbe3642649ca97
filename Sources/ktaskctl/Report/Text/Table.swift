/// The report's table: a row per thread count, every column right-aligned.
enum Table {
  /// The heading and the rows, or nothing at all where nothing was measured.
  static func lines(_ results: [Document.Result]) -> [String] {
    results.isEmpty ? [] : aligned([heading] + results.map(cells))
  }

  private static let heading = [
    "threads", "median", "spread", "GiB/s", "speed-up", "efficiency", "CPU s",
  ]

  private static func cells(_ result: Document.Result) -> [String] {
    [
      "\(result.threads)",
      result.median.asTime,
      Statistics.text(ofSpread: result.spread),
      result.gibPerSecond.fixed(2),
      result.speedup.map { $0.fixed(2) + "x" } ?? "-",
      result.efficiency.map { ($0 * 100).fixed(0) + " %" } ?? "-",
      cpuSeconds(result)?.fixed(2) ?? "-",
    ]
  }

  private static func cpuSeconds(_ result: Document.Result) -> Double? {
    guard let user = result.user, let system = result.system else { return nil }
    return user + system
  }

  /// Lines of cells, each cell as wide as its column's widest and two spaces from the next. All rows are
  /// as long as the first.
  static func aligned(_ rows: [[String]]) -> [String] {
    guard let columns = rows.first?.indices else { return [] }
    let widths = columns.map { column in rows.map { row in row[column].count }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).map { cell, width in cell.rightAligned(to: width) }.joined(separator: "  ")
    }
  }
}
