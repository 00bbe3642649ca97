/// Text in lines that fit a terminal.
enum Wrapping {
  /// Parts with commas between, as many on a line as fit `width` columns; all lines but the first are set in.
  static func lines(_ parts: [String], width: Int = Terminal.usualWidth) -> [String] {
    var lines: [String] = []
    for (index, part) in parts.enumerated() {
      let word = part + (index == parts.count - 1 ? "" : ",")
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append((lines.isEmpty ? "" : "  ") + word)
      }
    }
    return lines
  }
}
