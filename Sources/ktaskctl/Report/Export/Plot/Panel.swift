import Glibc

/// One of a plot's two pictures: numbers of threads to the right, something measured upwards.
struct Panel {
  let x: Axis
  let y: Axis
  /// With the room to the right of the last point.
  let frame: Box

  /// Room for words to the right of the last point.
  static let roomForWords = 46.0
  static let (top, bottom) = (122.0, 380.0)

  static func frame(_ from: Double, _ to: Double) -> Box { Box(left: from, top: top, right: to, bottom: bottom) }

  /// `threads`: all counts, ascending.
  init(_ frame: Box, threads: [Double], y: Axis) {
    self.frame = frame
    self.y = y
    x = .doubling(
      (threads.first ?? 1)...(threads.last ?? 1), ticks: threads, margin: 0.35,
      (frame.left, frame.right - Self.roomForWords))
  }

  func point(_ threads: Double, _ value: Double) -> SVG.Point { (x.place(threads), y.place(value)) }

  /// Grid, and the words at both axes. `other`: what a value is on a second scale at the right.
  func drawFrame(_ name: String, _ drawing: inout Drawing, other: (name: String, value: (Double) -> Double)? = nil) {
    drawing.write(Label(name, (frame.left, Self.top - 12), "axis", .start))
    if let other { drawing.write(Label(other.name, (Plot.width - 10, Self.top - 12), "axis", .end)) }
    for tick in y.scale == .doubling ? Self.byImportance(y.ticks) : y.ticks {
      let at = y.place(tick)
      let number = Label(tick.fixed(3).withoutTrailingZeros, (frame.left - 8, at + 4), "tick", .end)
      if !drawing.writeIfFree(number) { continue }
      drawing.line((frame.left, at), (frame.right, at), "grid")
      if let other {
        drawing.writeIfFree(Label(other.value(tick).significant, (frame.right + 8, at + 4), "tick", .start))
      }
    }
    let middle = (x.places.from + x.places.to) / 2
    drawing.write(Label("threads", (middle, Self.bottom + 36), "axis"))
    for count in Self.byImportance(x.ticks) {
      drawing.writeIfFree(Label(SVG.number(count), (x.place(count), Self.bottom + 18), "tick"))
    }
  }

  /// The last, the first, and the powers of two first: those are marked, and others where there is room.
  static func byImportance(_ counts: [Double]) -> [Double] {
    let ends = [counts.last, counts.first].compactMap(\.self)
    let doublings = counts.filter { log2($0).rounded() == log2($0) }.reversed()
    return (ends + doublings + counts).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The ideal, at steps close enough to look like a curve.
  func drawIdeal(_ drawing: inout Drawing, _ value: (Double) -> Double) {
    guard let least = x.ticks.first, let most = x.ticks.last, most > least else { return }
    let steps = (0...48).map { least * exp2(Double($0) / 48 * log2(most / least)) }
    let visible = steps.filter { y.values.contains(value($0)) }
    drawing.polyline(visible.map { point($0, value($0)) }, "ideal")
  }

  /// Every run, and a line from the least to the most; nothing of a single one, which is the median.
  func drawRuns(_ values: [Double], at threads: Double, _ drawing: inout Drawing) {
    guard values.count > 1, let least = values.min(), let most = values.max() else { return }
    drawing.bar(point(threads, least), point(threads, most), "spread")
    for value in values { drawing.circle(point(threads, value), radius: 2, "run") }
  }

  /// The line through the medians.
  func drawMedians(_ medians: [(threads: Double, value: Double)], _ drawing: inout Drawing, _ series: String) {
    let points = medians.map { point($0.threads, $0.value) }
    drawing.polyline(points, "median" + series)
    for at in points { drawing.circle(at, radius: 4, "point" + series) }
  }

  /// Each median's value beside it; `isRising`: the line does, and what is below it is free.
  func label(
    _ medians: [(threads: Double, value: Double)], _ drawing: inout Drawing, _ series: String, isRising: Bool,
    _ text: (Double) -> String
  ) {
    for threads in Self.byImportance(medians.map(\.threads)) {
      guard let median = medians.first(where: { $0.threads == threads }) else { continue }
      let at = point(threads, median.value)
      let (above, below) = (at.y - 7, at.y + 15)
      let places: [(SVG.Point, Label.Anchor)] = [
        ((at.x + 7, isRising ? below : above), .start), ((at.x + 7, at.y + 4), .start),
        ((at.x + 7, isRising ? above : below), .start), ((at.x - 7, isRising ? above : below), .end),
        ((at.x - 7, isRising ? below : above), .end),
      ]
      let words = text(median.value)
      drawing.label(places.map { Label(words, $0.0, "value" + series, $0.1) }, within: frame)
    }
  }
}

extension Double {
  /// With three digits that count, where four decimals have them: "5.21", "0.0123", "1234".
  var significant: String {
    guard isFinite, self > 0 else { return fixed(0) }
    return fixed(max(0, min(4, 2 - Int(log10(self).rounded(.down)))))
  }
}
