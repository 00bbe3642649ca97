/// A rectangle on a picture.
struct Box: Equatable, Sendable {
  var left: Double
  var top: Double
  var right: Double
  var bottom: Double

  func touches(_ other: Box) -> Bool {
    left < other.right && other.left < right && top < other.bottom && other.top < bottom
  }

  func contains(_ other: Box) -> Bool {
    left <= other.left && other.right <= right && top <= other.top && other.bottom <= bottom
  }

  /// Whether a straight line has a part in it (Liang and Barsky).
  func touches(_ line: (from: SVG.Point, to: SVG.Point)) -> Bool {
    let (dx, dy) = (line.to.x - line.from.x, line.to.y - line.from.y)
    var (enters, leaves) = (0.0, 1.0)
    let sides = [
      (-dx, line.from.x - left), (dx, right - line.from.x), (-dy, line.from.y - top), (dy, bottom - line.from.y),
    ]
    for (slope, room) in sides {
      if slope == 0 {
        if room < 0 { return false }
      } else if slope < 0 {
        enters = max(enters, room / slope)
      } else {
        leaves = min(leaves, room / slope)
      }
    }
    return enters <= leaves
  }
}

/// Words at a point, which is their start, middle or end.
struct Label: Equatable, Sendable {
  enum Anchor: String, Sendable { case start, middle, end }

  let text: String
  let x: Double
  /// Of the line that the letters stand on.
  let y: Double
  let style: String
  let anchor: Anchor

  init(_ text: String, _ at: SVG.Point, _ style: String, _ anchor: Anchor = .middle) {
    self.text = text
    (x, y) = at
    self.style = style
    self.anchor = anchor
  }

  /// Around them, in any usual font.
  var box: Box {
    let size = style == "title" ? PlotStyle.titleSize : PlotStyle.size
    let isBold = style == "title" || style == "axis"
    let width = Self.width(text) * size * (isBold ? 1.13 : 1)
    let left =
      switch anchor {
      case .start: x
      case .middle: x - width / 2
      case .end: x - width
      }
    return Box(left: left, top: y - size * 0.95, right: left + width, bottom: y + size * 0.28)
  }

  /// In units of the font's size: as wide as in DejaVu Sans, which is wider than what most readers have.
  static func width(_ text: String) -> Double {
    text.unicodeScalars.reduce(0) { width, scalar in
      switch scalar {
      case "i", "j", "l", ".", ",", ":", " ", "|", "'", "’": width + 0.35
      case "f", "t", "r", "I", "-", "(", ")", "/", "[", "]": width + 0.42
      case "m", "w", "M", "W", "@", "%", "…": width + 1
      case "A"..."Z", "×", "±": width + 0.8
      case let scalar where scalar.value < 0x250: width + 0.64
      default: width + 1
      }
    }
  }

  /// `facts` with commas between, in lines of at most so many pixels. What is too long for a line by itself is cut.
  static func lines(_ facts: [String], width: Double) -> [String] {
    var lines: [String] = []
    for fact in facts {
      if let last = lines.last, Self.width(last + ", " + fact) * PlotStyle.size <= width {
        lines[lines.count - 1] = last + ", " + fact
      } else {
        lines.append(fact.cut(to: width))
      }
    }
    return lines
  }
}

extension String {
  /// As much of it as such a line of a picture has room for, in pixels.
  func cut(to width: Double) -> String {
    if Label.width(self) * PlotStyle.size <= width { return self }
    var kept = self
    while !kept.isEmpty && Label.width(kept + "…") * PlotStyle.size > width { kept.removeLast() }
    return kept + "…"
  }
}
