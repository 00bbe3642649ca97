import LinuxSystem

// Names of files, and other words that somebody else chose, on their way into lines of text: they may hold what ends a
// line, moves a terminal's cursor, or turns the direction of what comes after them.

extension Unicode.Scalar {
  /// Does something to a terminal or to a line rather than being seen there: control characters, and those that set directions
  /// or end lines. The two that join letters are part of words.
  fileprivate var isHarmful: Bool {
    if value < 0x7F { return value < 0x20 }
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: return true
    case .format: return value != 0x200C && value != 0x200D
    default: return false
    }
  }
}

extension String {
  /// A name as `ls --quoting-style=escape` shows it: what would harm, and the backslash itself, as C writes them.
  var shown: String { replacing { $0 == "\\" ? "\\\\" : $0.isHarmful ? Self.inC($0) : nil } }

  /// A text in which names stand, shown already or not, as one line that does nothing but to be read.
  var onOneLine: String { replacing { $0.isHarmful ? Self.inC($0) : nil } }

  /// The text of a document, with what would harm a reader's terminal as JSON writes it: the same strings.
  var withoutControlsInJSON: String {
    replacing {
      $0.isHarmful && $0 != "\n" ? $0.utf16.map { "\\u" + String($0, radix: 16).zeroPadded(to: 4) }.joined() : nil
    }
  }

  private func replacing(_ replacement: (Unicode.Scalar) -> String?) -> String {
    if unicodeScalars.allSatisfy({ replacement($0) == nil }) { return self }
    var text = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if let other = replacement(scalar) { text += other.unicodeScalars } else { text.append(scalar) }
    }
    return String(text)
  }

  fileprivate static func inC(_ scalar: Unicode.Scalar) -> String {
    let letters: [Unicode.Scalar: String] = [
      "\u{7}": "a", "\u{8}": "b", "\t": "t", "\n": "n", "\u{B}": "v", "\u{C}": "f", "\r": "r",
    ]
    if let letter = letters[scalar] { return "\\" + letter }
    return String(scalar).utf8.map { "\\" + String($0, radix: 8).zeroPadded(to: 3) }.joined()
  }
}

extension [UInt8] {
  /// Bytes that are no text, each by itself.
  var shown: String {
    map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "\\" + String($0, radix: 8).zeroPadded(to: 3) }
      .joined()
  }
}

/// A word as a shell takes it for one. Where it holds what would harm a reader, in the quotes that POSIX.1-2024 has for that.
func quotedForShell(_ word: String) -> String {
  let plain = word.utf8.allSatisfy { byte in
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "/._-+=:@%,".utf8.contains(byte)
  }
  if plain && !word.isEmpty { return word }
  if word.unicodeScalars.contains(where: \.isHarmful) {
    return "$'"
      + word.unicodeScalars.map { scalar in
        if scalar.isHarmful { return String.inC(scalar) }
        return scalar == "\\" || scalar == "'" ? "\\\(scalar)" : "\(scalar)"
      }.joined() + "'"
  }
  return "'" + word.split(at: UInt8(ascii: "'"), keepingEmpty: true).joined(separator: "'\\''") + "'"
}

/// A file as a word of a command, which must not be taken for an option.
func quotedFile(_ path: String) -> String {
  quotedForShell(path.utf8.first == UInt8(ascii: "-") ? "./" + path : path)
}
