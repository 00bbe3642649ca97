/// What an SVG picture is written with: elements as text, numbers with a decimal at most, words made safe.
enum SVG {
  typealias Point = (x: Double, y: Double)

  static func line(_ from: Point, _ to: Point, _ style: String) -> String {
    "<line class=\"\(style)\" x1=\"\(number(from.x))\" y1=\"\(number(from.y))\""
      + " x2=\"\(number(to.x))\" y2=\"\(number(to.y))\"/>\n"
  }

  static func polyline(_ points: [Point], _ style: String) -> String {
    let list = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    return "<polyline class=\"\(style)\" points=\"\(list)\"/>\n"
  }

  static func circle(_ center: Point, radius: Double, _ style: String) -> String {
    "<circle class=\"\(style)\" cx=\"\(number(center.x))\" cy=\"\(number(center.y))\" r=\"\(number(radius))\"/>\n"
  }

  static func text(_ words: Label) -> String {
    "<text class=\"\(words.style)\" x=\"\(number(words.x))\" y=\"\(number(words.y))\""
      + " text-anchor=\"\(words.anchor.rawValue)\">\(escaped(words.text))</text>\n"
  }

  static func number(_ value: Double) -> String { value.fixed(1).withoutTrailingZeros }

  /// Markup's own characters as entities; control characters, which XML has no way to say, as question marks.
  static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case let scalar where scalar.value < 0x20 || (0xFFFE...0xFFFF).contains(scalar.value): "?"
      default: String(scalar)
      }
    }.joined()
  }
}
