import LinuxSystem

/// The results as text for other programs: hyperfine's columns first, under its names, then ours.
enum CSV {
  /// Comma-separated values with a heading line and a final newline. Times in seconds, full precision; a value
  /// that is not known is empty.
  static func text(_ results: [Document.Result]) -> String {
    ([heading] + results.map(cells)).map { cells in
      cells.map(quoted).joined(separator: ",") + "\n"
    }.joined()
  }

  private static let heading = [
    "command", "mean", "stddev", "median", "user", "system", "min", "max", "parameter_threads",
    "bytes_per_second", "speedup", "efficiency", "spread", "runs",
  ]

  private static func cells(_ result: Document.Result) -> [String] {
    let hyperfines: [Double?] = [
      result.mean, result.stddev, result.median, result.user, result.system, result.min, result.max,
    ]
    let ours = [result.bytesPerSecond, result.speedup, result.efficiency, result.spread].map(number)
    let threads = "\(result.threads)"
    return [result.command] + hyperfines.map(number) + [threads] + ours + ["\(result.times.count)"]
  }

  private static func number(_ number: Double?) -> String {
    number.map { "\($0)" } ?? ""
  }

  /// RFC 4180: a cell with a comma, a quote or a line break goes between quotes, its quotes doubled.
  private static func quoted(_ cell: String) -> String {
    guard cell.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return cell }
    return "\"" + cell.split(at: UInt8(ascii: "\""), keepingEmpty: true).joined(separator: "\"\"") + "\""
  }
}
