import Glibc

/// Two pictures of a sweep side by side, time and speed-up by the number of threads: every run, the median, the spread,
/// and what an ideal machine would do. Drawn from results alone, as SVG that follows the reader's light or dark scheme.
struct Plot {
  let title: String
  let subtitle: String
  private let results: [Document.Result]
  /// One thread's median, in seconds: what ideal is measured by.
  private let oneThread: Double?

  static let width = 840.0
  static let height = 420.0
  private static let panels = (time: (60.0, 410.0), speedup: (480.0, 830.0))
  private static let roomForWords = 42.0
  private static let panelHeight = (top: 90.0, bottom: 340.0)

  init(title: String, subtitle: String, _ results: [Document.Result]) {
    self.title = title
    self.subtitle = subtitle
    self.results = results.sorted { $0.threads < $1.threads }
    oneThread = results.first { $0.threads == 1 }?.median
  }

  /// The whole picture.
  func svg() -> String {
    let size = "\(SVG.number(Self.width)) \(SVG.number(Self.height))"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" role="img" font-family="sans-serif">
      <title>\(SVG.escaped(title))</title>
      <desc>\(SVG.escaped(description))</desc>
      <style>\(PlotStyle.css)</style>
      <rect class="paper" width="100%" height="100%"/>
      \(SVG.text(title, (20, 30), "title", anchor: "start"))\
      \(SVG.text(subtitle, (20, 50), "note", anchor: "start"))\
      \(results.isEmpty ? SVG.text("nothing was measured", (Self.width / 2, Self.height / 2), "note") : panels)\
      </svg>

      """
  }

  private var panels: String { timePanel + speedupPanel + legend }

  /// For those who cannot see it.
  private var description: String {
    results.map { result in
      let speedup = result.speedup.map { ", speed-up \($0.fixed(2))" } ?? ""
      return "\(result.threads.counted("thread")): \(result.median.asTime)\(speedup)"
    }.joined(separator: "; ")
  }

  /// From the least to the most.
  private var threads: ClosedRange<Double> {
    let counts = results.map { Double($0.threads) }
    return (counts.first ?? 1)...(counts.last ?? 1)
  }

  /// Numbers of threads, by doublings; with room for the last point's words.
  private func threadsAxis(_ panel: (from: Double, to: Double)) -> Axis {
    let counts = results.map { Double($0.threads) }
    let places = (panel.from, panel.to - Self.roomForWords)
    return .doubling(threads, ticks: Self.apart(counts), margin: 0.35, places)
  }

  /// Not so many that their numbers would touch: the powers of two then, and the last.
  static func apart(_ counts: [Double]) -> [Double] {
    guard let most = counts.last, counts.count > 8 else { return counts }
    return counts.filter { $0 == most || (log2($0).rounded() == log2($0) && $0 * 1.6 < most) }
  }
}

// MARK: - Time

extension Plot {
  private var timePanel: String {
    let slowest = results.map(\.max).max() ?? 0
    let unit = slowest < 1 ? (name: "ms", factor: 1e3) : (name: "s", factor: 1.0)
    let x = threadsAxis(Self.panels.time)
    let y = Axis.linear(to: slowest * unit.factor, (Self.panelHeight.bottom, Self.panelHeight.top))
    let ideal = oneThread.map { idealLine(x, y) { [time = $0 * unit.factor] threads in time / threads } } ?? ""
    let points = results.map { result in
      drawing(result.times.map { $0 * unit.factor }, at: result.threads, x, y)
        + mark(result.median.asTime, result, x, y, unit.factor)
    }
    return frame("time [\(unit.name)]", x, y) + ideal + points.joined() + median(x, y) { $0.median * unit.factor }
  }

  private func mark(_ words: String, _ result: Document.Result, _ x: Axis, _ y: Axis, _ factor: Double) -> String {
    label(words, result.threads, x, y: y.place(result.max * factor) - 9)
  }
}

// MARK: - Speed-up

extension Plot {
  private var speedupPanel: String {
    let x = threadsAxis(Self.panels.speedup)
    guard let oneThread, oneThread > 0 else {
      let middle: SVG.Point = ((x.places.from + x.places.to) / 2, (Self.panelHeight.top + Self.panelHeight.bottom) / 2)
      return SVG.text("no speed-up: one thread was not measured", middle, "note")
    }
    // a time of zero, which a clock too coarse may show, is no speed-up
    let speedups = results.map { result in result.times.filter { $0 > 0 }.map { oneThread / $0 } }
    let all = speedups.joined() + results.map { Double($0.threads) }
    let lowest = min(1, all.min() ?? 1)
    let highest = max(2, all.max() ?? 2)
    let y = Axis.doubling(
      lowest...highest, ticks: Self.doublings(lowest, highest), margin: 0.6,
      (Self.panelHeight.bottom, Self.panelHeight.top))
    let points = zip(results, speedups).map { result, values in
      drawing(values, at: result.threads, x, y) + speedupMark(result, values, x, y)
    }
    return frame("speed-up", x, y) + idealLine(x, y) { $0 } + points.joined() + median(x, y) { $0.speedup ?? 1 }
  }

  /// Below the points: the ideal line is above them.
  private func speedupMark(_ result: Document.Result, _ values: [Double], _ x: Axis, _ y: Axis) -> String {
    guard let speedup = result.speedup, let lowest = values.min() else { return "" }
    return label(speedup.fixed(2) + "×", result.threads, x, y: y.place(lowest) + 18)
  }

  /// The powers of two within.
  static func doublings(_ lowest: Double, _ highest: Double) -> [Double] {
    (Int(log2(lowest).rounded(.up))...Int(log2(highest).rounded(.down))).map { exp2(Double($0)) }
  }
}

// MARK: - What both have

extension Plot {
  /// Axes, grid and their words.
  private func frame(_ name: String, _ x: Axis, _ y: Axis) -> String {
    var text = SVG.text(name, (x.places.from, Self.panelHeight.top - 14), "axis", anchor: "start")
    for tick in y.ticks {
      let at = y.place(tick)
      text += SVG.line((x.places.from, at), (x.places.to + Self.roomForWords, at), "grid")
      text += SVG.text(Self.label(tick), (x.places.from - 8, at + 4), "tick", anchor: "end")
    }
    for tick in x.ticks {
      text += SVG.text(SVG.number(tick), (x.place(tick), Self.panelHeight.bottom + 18), "tick")
    }
    return text + SVG.text("threads", ((x.places.from + x.places.to) / 2, Self.panelHeight.bottom + 36), "axis")
  }

  private static func label(_ value: Double) -> String { value.fixed(3).withoutTrailingZeros }

  /// A value's words to the right of its point, off the line, where the number of threads has its own.
  private func label(_ words: String, _ threads: Int, _ x: Axis, y: Double) -> String {
    guard x.ticks.contains(Double(threads)) else { return "" }
    return SVG.text(words, (x.place(Double(threads)) + 5, y), "value", anchor: "start")
  }

  /// The ideal, at steps close enough to look like a curve.
  private func idealLine(_ x: Axis, _ y: Axis, _ value: (Double) -> Double) -> String {
    let doublings = log2(threads.upperBound / threads.lowerBound)
    let steps = (0...48).map { threads.lowerBound * exp2(Double($0) / 48 * doublings) }
    let visible = steps.filter { y.values.contains(value($0)) }
    return SVG.polyline(visible.map { (x.place($0), y.place(value($0))) }, "ideal")
  }

  /// The line through the medians.
  private func median(_ x: Axis, _ y: Axis, _ value: (Document.Result) -> Double) -> String {
    let points = results.map { (x.place(Double($0.threads)), y.place(value($0))) }
    return SVG.polyline(points, "median") + points.map { SVG.circle($0, radius: 4, "point") }.joined()
  }

  /// Every run, and a line from the least to the most.
  private func drawing(_ values: [Double], at threads: Int, _ x: Axis, _ y: Axis) -> String {
    guard let least = values.min(), let most = values.max() else { return "" }
    let at = x.place(Double(threads))
    let spread = values.count > 1 ? SVG.line((at, y.place(least)), (at, y.place(most)), "spread") : ""
    return spread + values.map { SVG.circle((at, y.place($0)), radius: 2, "run") }.joined()
  }

  private var legend: String {
    let y = Self.height - 16
    return SVG.polyline([(60, y - 4), (90, y - 4)], "median") + SVG.circle((75, y - 4), radius: 4, "point")
      + SVG.text("median", (98, y), "note", anchor: "start")
      + SVG.line((170, y - 10), (170, y + 2), "spread") + SVG.circle((170, y - 4), radius: 2, "run")
      + SVG.text("each run, fastest to slowest", (180, y), "note", anchor: "start")
      + SVG.polyline([(370, y - 4), (400, y - 4)], "ideal")
      + SVG.text("ideal: one thread’s median by the number of threads", (408, y), "note", anchor: "start")
  }
}
