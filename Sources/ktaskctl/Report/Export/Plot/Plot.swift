import Glibc

/// Two pictures of a sweep side by side, time and speed-up by the number of threads: every run, the median, the spread,
/// and what an ideal machine would do. Of two sweeps their medians. Drawn from results alone, as SVG that follows the
/// reader's light or dark scheme.
struct Plot {
  /// What was measured at one time.
  struct Series {
    /// Where there are several.
    var name: String?
    let results: [Document.Result]
    /// One thread's, where it was measured and took time: what ideal and speed-up are reckoned by.
    let oneThread: Document.Result?

    init(_ results: [Document.Result], name: String? = nil) {
      self.name = name
      self.results = results.sorted { $0.threads < $1.threads }
      oneThread = results.first { $0.threads == 1 && $0.median > 0 }
    }
  }

  let title: String
  /// Lines below the title.
  let caption: [String]
  private let series: [Series]

  static let width = 840.0
  static let height = 484.0
  static let wordsWidth = width - 40

  init(title: String, caption: [String], _ series: [Series]) {
    self.title = title
    self.caption = Array(caption.prefix(3))
    self.series = series
  }

  /// The whole picture.
  func svg() -> String {
    let (width, height) = (SVG.number(Self.width), SVG.number(Self.height))
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
      role="img" font-family="sans-serif">
      <title>\(SVG.escaped(title))</title>
      <desc>\(SVG.escaped(description))</desc>
      <style>\(PlotStyle.css)</style>
      <rect class="paper" width="100%" height="100%"/>
      \(drawing().elements)\
      </svg>

      """
  }

  func drawing() -> Drawing {
    var drawing = Drawing()
    drawing.write(
      Label(title.cut(to: Self.wordsWidth * PlotStyle.size / PlotStyle.titleSize), (20, 30), "title", .start))
    for (index, line) in caption.enumerated() {
      drawing.write(Label(line.cut(to: Self.wordsWidth), (20, 52 + 17 * Double(index)), "note", .start))
    }
    if results.isEmpty {
      drawing.write(Label("nothing was measured", (Self.width / 2, Self.height / 2), "note"))
    } else {
      drawTimes(&drawing)
      drawSpeedups(&drawing)
      drawLegend(&drawing)
    }
    return drawing
  }

  private var results: [Document.Result] { series.flatMap(\.results) }

  /// All that were measured, ascending.
  private var threads: [Double] { Set(results.map { Double($0.threads) }).sorted() }

  /// For those who cannot see it.
  private var description: String {
    series.map { series in
      let each = series.results.map { result in
        let speedup = result.speedup.map { ", speed-up \($0.fixed(2))" } ?? ""
        return "\(result.threads.counted("thread")): \(result.median.asTime)\(speedup)"
      }
      return (series.name.map { $0 + ": " } ?? "") + each.joined(separator: "; ")
    }.joined(separator: "; ")
  }

  /// What marks the second of several.
  private static func mark(_ index: Int) -> String { index == 0 ? "" : " second" }
}

extension Plot {
  private func drawTimes(_ drawing: inout Drawing) {
    let slowest = results.map(\.max).max() ?? 0
    let unit = slowest < 1 ? (name: "ms", factor: 1e3) : (name: "s", factor: 1.0)
    let y = Axis.linear(to: slowest * unit.factor, (Panel.bottom, Panel.top))
    let panel = Panel(Panel.frame(66, 406), threads: threads, y: y)
    panel.drawFrame("time [\(unit.name)]", &drawing)
    if hasIdeal, let one = series[0].oneThread?.median { panel.drawIdeal(&drawing) { one * unit.factor / $0 } }
    let medians = series.map { $0.results.map { (threads: Double($0.threads), value: $0.median * unit.factor) } }
    if hasRuns {
      for result in results {
        panel.drawRuns(result.times.map { $0 * unit.factor }, at: Double(result.threads), &drawing)
      }
    }
    for (index, medians) in medians.enumerated() { panel.drawMedians(medians, &drawing, Self.mark(index)) }
    for (index, medians) in medians.enumerated() {
      panel.label(medians, &drawing, Self.mark(index), isRising: false) { $0.significant }
    }
  }

  private func drawSpeedups(_ drawing: inout Drawing) {
    let frame = Panel.frame(484, 784)
    guard series.contains(where: { $0.oneThread != nil }) else {
      let middle: SVG.Point = ((frame.left + Self.width) / 2, (frame.top + frame.bottom) / 2)
      return drawing.write(Label("no speed-up: one thread was not measured", middle, "note"))
    }
    let all = series.flatMap { series in series.results.flatMap { series.speedups($0) } } + (hasIdeal ? threads : [])
    let (lowest, highest) = (min(1, all.min() ?? 1), max(2, all.max() ?? 2))
    let y = Axis.doubling(
      lowest...highest, ticks: Self.speedupTicks(lowest, highest), margin: 0.6, (Panel.bottom, Panel.top))
    let panel = Panel(frame, threads: threads, y: y)
    let rate = series.count == 1 ? series[0].oneThread?.gibPerSecond : nil
    panel.drawFrame("speed-up [×]", &drawing, other: rate.map { rate in ("GiB/s", { $0 * rate }) })
    if hasIdeal { panel.drawIdeal(&drawing) { $0 } }
    if hasRuns {
      for result in results { panel.drawRuns(series[0].speedups(result), at: Double(result.threads), &drawing) }
    }
    // a time of zero, which a clock too coarse may show, is no speed-up
    let medians = series.map { series in
      series.results.compactMap { result in result.speedup.map { (threads: Double(result.threads), value: $0) } }
    }
    for (index, medians) in medians.enumerated() { panel.drawMedians(medians, &drawing, Self.mark(index)) }
    for (index, medians) in medians.enumerated() {
      panel.label(medians, &drawing, Self.mark(index), isRising: true) { $0.fixed(2) }
    }
  }

  /// The powers of two within; where those are few, values between them.
  static func speedupTicks(_ lowest: Double, _ highest: Double) -> [Double] {
    let fine = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4].filter { (lowest...highest).contains($0) }
    return highest <= 4 && fine.count <= 8 ? fine : doublings(lowest, highest)
  }

  /// The powers of two within.
  static func doublings(_ lowest: Double, _ highest: Double) -> [Double] {
    (Int(log2(lowest).rounded(.up))...Int(log2(highest).rounded(.down))).map { exp2(Double($0)) }
  }
}

// MARK: - What is drawn at all

extension Plot {
  /// Runs beside their median: of one series only, two would lie on each other.
  private var hasRuns: Bool { series.count == 1 && results.contains { $0.times.count > 1 } }

  /// Of several counts with one thread's among them.
  private var hasIdeal: Bool { threads.count > 1 && series[0].oneThread != nil }

  private func drawLegend(_ drawing: inout Drawing) {
    var at = (x: 66.0, y: Panel.bottom + 66)
    /// Its sign, 30 pixels wide, and its words; on the next line where this one is full.
    func entry(_ words: String, _ sign: (SVG.Point) -> Void) {
      let text = words.cut(to: Self.wordsWidth - 80)
      let width = 38 + Label.width(text) * PlotStyle.size + 24
      if at.x > 66 && at.x + width > Self.width { at = (66, at.y + 20) }
      sign((at.x, at.y - 4))
      drawing.write(Label(text, (at.x + 38, at.y), "note", .start))
      at.x += width
    }
    for (index, series) in series.enumerated() {
      entry(series.name ?? "median") { place in
        drawing.polyline([place, (place.x + 30, place.y)], "median" + Self.mark(index))
        drawing.circle((place.x + 15, place.y), radius: 4, "point" + Self.mark(index))
      }
    }
    if hasRuns {
      entry("each run, fastest to slowest") { place in
        drawing.bar((place.x + 15, place.y - 6), (place.x + 15, place.y + 6), "spread")
        drawing.circle((place.x + 15, place.y), radius: 2, "run")
      }
    }
    if hasIdeal {
      let words = series.count > 1 ? "ideal of the first" : "ideal: one thread’s median by the number of threads"
      entry(words) { place in drawing.polyline([place, (place.x + 30, place.y)], "ideal") }
    }
  }
}

extension Plot.Series {
  /// Of each run that took time, against one thread's median.
  fileprivate func speedups(_ result: Document.Result) -> [Double] {
    guard let one = oneThread?.median else { return [] }
    return result.times.filter { $0 > 0 }.map { one / $0 }
  }
}
