/// A picture as it is being made: shapes, and words that keep out of each other's way and off the marks.
struct Drawing {
  private var shapes = ""
  private(set) var labels: [Label] = []
  /// Marks and lines that words are not to cover.
  private var marks: [Box] = []
  private var lines: [(from: SVG.Point, to: SVG.Point)] = []

  mutating func line(_ from: SVG.Point, _ to: SVG.Point, _ style: String) { shapes += SVG.line(from, to, style) }

  /// A line that words keep off.
  mutating func polyline(_ points: [SVG.Point], _ style: String) {
    if points.count < 2 { return }
    shapes += SVG.polyline(points, style)
    lines += zip(points, points.dropFirst()).map { (from: $0, to: $1) }
  }

  mutating func circle(_ center: SVG.Point, radius: Double, _ style: String) {
    shapes += SVG.circle(center, radius: radius, style)
    marks.append(
      Box(left: center.x - radius, top: center.y - radius, right: center.x + radius, bottom: center.y + radius))
  }

  /// A bar that words keep off.
  mutating func bar(_ from: SVG.Point, _ to: SVG.Point, _ style: String) {
    line(from, to, style)
    lines.append((from, to))
  }

  /// Words that must be there.
  mutating func write(_ words: Label) { labels.append(words) }

  /// Words where there is room for them; false where other words are in the way.
  @discardableResult
  mutating func writeIfFree(_ words: Label) -> Bool {
    if labels.contains(where: { $0.box.touches(words.box) }) { return false }
    write(words)
    return true
  }

  /// Words at the first of several places at which they are within the frame and off all marks and lines.
  mutating func label(_ places: [Label], within frame: Box) {
    let free = places.first { words in
      let box = words.box
      return frame.contains(box) && !labels.contains { $0.box.touches(box) }
        && !marks.contains { $0.touches(box) } && !lines.contains { box.touches($0) }
    }
    if let free { write(free) }
  }

  /// All of it, as elements.
  var elements: String { shapes + labels.map(SVG.text).joined() }
}
