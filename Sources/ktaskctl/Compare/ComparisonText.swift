import LinuxSystem

extension Comparison {
  /// A line that says what is compared, and one for each number of threads.
  func text() -> String {
    let heading = ["threads", "A median", "B median", "ratio", "interval", "sure to", "B is"]
    let names = ["A: \(first.summary)", "B: \(second.summary)", "ratio: A’s median by B’s; above 1 B is faster"]
    return (names + Table.aligned([heading] + rows.map(\.cells))).map { $0.onOneLine + "\n" }.joined()
  }

  /// Both in one picture.
  var plot: Plot {
    let files = [("A", first), ("B", second)].map { Plot.Series($1.results, name: "\($0): \($1.path.shown)") }
    let facts = [
      first.request?.bytes.map { ByteSize.text($0) }, first.request?.pageSize.map { "\($0) pages" },
      first.request?.method,
    ]
    let best = rows.max { ($0.ratio ?? 0) < ($1.ratio ?? 0) }.flatMap { row in
      row.ratio.map { "B is \($0.fixed(2)) times as fast as A with \(row.threads.counted("thread")) at best" }
    }
    let machine = [first.host?.name, first.host?.processor, first.host?.kernel.map { "Linux \($0)" }]
    return Plot(
      title: ["ktaskctl compare", first.command].compactMap(\.self).joined(separator: ": "),
      caption: Label.lines((facts + [best]).compactMap(\.self), width: Plot.wordsWidth)
        + Label.lines(machine.compactMap(\.self), width: Plot.wordsWidth), files)
  }

  var document: Document {
    Document(files: [first.path, second.path], comparisons: rows.map(Document.Row.init), warnings: warnings)
  }

  /// For programs.
  struct Document: Encodable {
    var ktaskctl = Ktaskctl.version
    var command = "compare"
    var files: [String]
    var comparisons: [Row]
    var errors: [String] = []
    var warnings: [String]

    struct Row: Encodable {
      var threads: Int
      /// In seconds, the first's and the second's.
      var medians: [Double]
      var ratio: Double?
      var interval: [Double]?
      var confidence: Double?
      var verdict: String
    }
  }
}

extension Comparison.Document.Row {
  init(_ row: Comparison.Row) {
    self.init(
      threads: row.threads, medians: [row.medians.first, row.medians.second], ratio: row.ratio,
      interval: row.interval.map { [$0.least, $0.most] }, confidence: row.interval?.confidence,
      verdict: row.verdict.rawValue)
  }
}

extension Comparison.Row {
  fileprivate var cells: [String] {
    [
      "\(threads)", medians.first.asTime, medians.second.asTime, ratio.map { $0.fixed(2) + "x" } ?? "-",
      interval.map { "\($0.least.fixed(2)) to \($0.most.fixed(2))" } ?? "-",
      interval.map { ($0.confidence * 100).fixed(0) + " %" } ?? "-", words,
    ]
  }

  private var words: String {
    switch verdict {
    case .faster: "faster"
    case .slower: "slower"
    case .open: "not told apart"
    }
  }
}

extension ComparedReport {
  fileprivate var summary: String {
    let facts = [
      path.shown, command, request?.bytes.map { ByteSize.text($0) }, request?.pageSize.map { "\($0) pages" },
      request?.method, host?.name,
    ]
    return facts.compactMap(\.self).joined(separator: ", ")
  }

  /// As a plot takes them.
  fileprivate var results: [ktaskctl.Document.Result] {
    let one = times[1].flatMap { Statistics($0)?.median }
    return times.keys.sorted().compactMap { threads in
      ktaskctl.Document.Result(
        command: command ?? "", threads: threads, bytes: max(0, request?.bytes ?? 0), times: times[threads] ?? [],
        oneThread: one, usage: nil)
    }
  }
}
