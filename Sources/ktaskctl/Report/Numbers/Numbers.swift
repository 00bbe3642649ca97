// Numbers as text without Foundation's String(format:), which would more than double the program.

extension Double {
  /// Rounded to `decimals` (0 to 9) digits after the point, all of them shown: 1.5.fixed(2) is "1.50".
  func fixed(_ decimals: Int) -> String {
    precondition((0...9).contains(decimals), "0 to 9 decimals")
    let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
    guard let scaled = Int(exactly: (magnitude * scale).rounded()) else { return description }
    let sign = self < 0 && scaled != 0 ? "-" : ""
    let (whole, rest) = scaled.quotientAndRemainder(dividingBy: Int(scale))
    return sign + (decimals == 0 ? "\(whole)" : "\(whole)." + "\(rest)".zeroPadded(to: decimals))
  }

  /// Seconds for a reader, in a unit that suits them: "12.3 ms", "1.234 s", "1234.5 s".
  var asTime: String {
    switch magnitude {
    case ..<0.000_999_5: (self * 1e6).fixed(0) + " µs"
    case ..<0.999_95: (self * 1e3).fixed(1) + " ms"
    case ..<99.9995: fixed(3) + " s"
    default: fixed(1) + " s"
    }
  }

  /// A share of one for a reader: 0.012 is "1.2 %".
  var asPercent: String { (self * 100).fixed(1) + " %" }
}

extension Int {
  /// "1 thread", "2 threads".
  func counted(_ thing: String) -> String { "\(self) \(thing)\(self == 1 ? "" : "s")" }
}

extension String {
  /// With spaces in front up to `width` characters.
  func rightAligned(to width: Int) -> String {
    String(repeating: " ", count: Swift.max(0, width - count)) + self
  }

  /// With zeros in front up to `width` characters.
  func zeroPadded(to width: Int) -> String {
    String(repeating: "0", count: Swift.max(0, width - count)) + self
  }

  /// "1.50" is "1.5", "2.00" is "2", "100" stays.
  var withoutTrailingZeros: String {
    guard contains(".") else { return self }
    var kept = self[...]
    while kept.last == "0" { kept.removeLast() }
    if kept.last == "." { kept.removeLast() }
    return String(kept)
  }
}
