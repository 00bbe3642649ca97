// Signs for readers whose locale has ASCII only.

extension String {
  /// As the locale of this process can show it.
  var forReader: String { Terminal.isUTF8 ? self : inASCII }

  /// With ASCII in place of the signs that this program's own words have; whatever else is a name, and stays.
  var inASCII: String {
    if utf8.allSatisfy({ $0 < 0x80 }) { return self }
    return reduce(into: "") { text, sign in text += Self.plainSigns[sign] ?? String(sign) }
  }

  private static let plainSigns: [Character: String] = [
    "±": "+-", "×": "x", "–": "-", "…": "...", "“": "\"", "”": "\"", "’": "'", "µ": "u", "·": "-",
  ]
}
