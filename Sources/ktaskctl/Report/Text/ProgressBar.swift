/// A line that shows how far the work is, drawn from numbers alone:
/// `clear  43 % ███████░░░░  1.7/4.0 GiB   22.1 GiB/s   0:03 left`.
///
/// The parts keep their widths from line to line, so that nothing jumps.
struct ProgressBar: Equatable, Sendable {
  /// What is being done: "clear".
  var what: String
  /// Bytes in all.
  var total: Int
  /// The terminal's width in columns; no line is longer.
  var width: Int
  /// Whether the terminal shows block characters.
  var utf8: Bool

  /// The line after `done` bytes and `elapsed` seconds.
  ///
  /// A narrow terminal loses the rate first, then the time left, then the amounts; then the rest is cut. The
  /// bar takes the room that the parts leave it, where that is enough for one.
  func line(done: Int, elapsed: Double) -> String {
    let done = min(max(done, 0), total)
    let head = what + " " + "\(percent(done))".rightAligned(to: 3) + " %"
    let rate = elapsed > 0 ? Double(done) / elapsed : 0
    let tails = [
      [amounts(done), rateText(rate), timeLeft(done, rate)], [amounts(done), timeLeft(done, rate)],
      [amounts(done)], [],
    ].map { parts in parts.map { "  " + $0 }.joined() }
    let fitting = tails.first { tail in head.count + tail.count <= width } ?? ""
    return String(
      (head + bar(done, room: width - head.count - fitting.count) + fitting).prefix(max(0, width)))
  }

  /// Whether these values of the environment name a UTF-8 locale. The first that is set decides.
  static func isUTF8(lcAll: String?, lcCtype: String?, lang: String?) -> Bool {
    let locale = [lcAll, lcCtype, lang].compactMap(\.self).first { !$0.isEmpty } ?? ""
    let codeset = locale.lowercased().split(separator: ".").last?.split(separator: "@").first
    return codeset == "utf-8" || codeset == "utf8"
  }
}

// MARK: - The parts of the line

extension ProgressBar {
  private static let widestBar = 40
  private static let narrowestBar = 4

  /// Whole percents, rounded down: 100 is only shown when all is done.
  private func percent(_ done: Int) -> Int {
    done >= total ? 100 : Int(Double(done) / Double(total) * 100)
  }

  /// A space and the bar in `room` columns at most; nothing where that is too few to be read.
  private func bar(_ done: Int, room: Int) -> String {
    let cells = min(room - 1, Self.widestBar)
    guard cells >= Self.narrowestBar else { return "" }
    let full = done >= total ? cells : Int(Double(done) / Double(total) * Double(cells))
    return " " + String(repeating: utf8 ? "█" : "#", count: full)
      + String(repeating: utf8 ? "░" : ".", count: cells - full)
  }

  /// "1.7/4.0 GiB", as wide from the first line to the last.
  private func amounts(_ done: Int) -> String {
    let unit = BinaryUnit(for: Double(total))
    let all = Double(total).inUnits(of: unit).fixed(1)
    return Double(done).inUnits(of: unit).fixed(1).rightAligned(to: all.count) + "/" + all + " " + unit.name
  }

  /// " 22.1 GiB/s", from bytes a second.
  private func rateText(_ rate: Double) -> String {
    let unit = BinaryUnit(for: rate)
    return rate.inUnits(of: unit).fixed(1).rightAligned(to: 5) + " " + unit.name + "/s"
  }

  /// " 0:03 left" at the rate so far, rounded up so that it ends at 0:00 only when done; " -:-- left" while
  /// that is unknown or beyond 99 hours.
  private func timeLeft(_ done: Int, _ rate: Double) -> String {
    guard done < total else { return " 0:00 left" }
    let seconds = (Double(total - done) / rate).rounded(.up)
    guard seconds < 360_000 else { return " -:-- left" }
    return Self.clock(Int(seconds)).rightAligned(to: 5) + " left"
  }

  /// Seconds as "0:03" or "1:02:03".
  private static func clock(_ seconds: Int) -> String {
    let (minutes, rest) = seconds.quotientAndRemainder(dividingBy: 60)
    let shown = ":" + "\(rest)".zeroPadded(to: 2)
    if minutes < 60 { return "\(minutes)" + shown }
    return "\(minutes / 60):" + "\(minutes % 60)".zeroPadded(to: 2) + shown
  }
}
