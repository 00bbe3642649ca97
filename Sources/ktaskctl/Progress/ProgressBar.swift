/// A line that shows how far the work is, drawn from a state alone:
/// `clear run 3 of 12  18 % ███░░░░  1.7/4.0 GiB   22.1 GiB/s   0:43 left`.
///
/// The share and the time left are of all runs, the amounts and the rate of the run at hand. The parts keep their widths from
/// line to line, so that nothing jumps.
struct ProgressBar: Equatable, Sendable {
  /// Columns; no line is longer.
  var width: Int
  /// Whether the terminal shows block characters.
  var utf8: Bool

  /// A narrow terminal loses the rate first, then the amounts, then the time left; then the rest is cut. The bar takes the
  /// room that the parts leave it, where that is enough for one.
  func line(_ state: ProgressState) -> String {
    var state = state
    state.done = min(max(state.done, 0), state.total)
    let head = what(state) + " " + "\(percent(state))".rightAligned(to: 3) + " %"
    let tails = [
      [amounts(state), rateText(state), timeLeft(state)], [amounts(state), timeLeft(state)], [timeLeft(state)], [],
    ].map { parts in parts.map { "  " + $0 }.joined() }
    let fitting = tails.first { tail in head.count + tail.count <= width } ?? ""
    return String(
      (head + bar(state.share, room: width - head.count - fitting.count) + fitting).prefix(max(0, width)))
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

  /// "clear", "verifying run 3 of 12".
  private func what(_ state: ProgressState) -> String {
    switch state.phase {
    case .preparing: return "preparing"
    case .undoing: return "undoing"
    case .holding: return "holding"
    case .working, .verifying:
      let doing = state.phase == .verifying ? "verifying" : state.command
      if state.runs == 1 { return doing }
      return doing + " run " + "\(state.run)".rightAligned(to: "\(state.runs)".count) + " of \(state.runs)"
    }
  }

  /// Whole percents, rounded down: 100 is only shown when all is done.
  private func percent(_ state: ProgressState) -> Int { state.share >= 1 ? 100 : Int(state.share * 100) }

  /// A space and the bar in `room` columns at most; nothing where that is too few to be read.
  private func bar(_ share: Double, room: Int) -> String {
    let cells = min(room - 1, Self.widestBar)
    guard cells >= Self.narrowestBar else { return "" }
    let full = min(cells, Int(share * Double(cells)))
    return " " + String(repeating: utf8 ? "█" : "#", count: full)
      + String(repeating: utf8 ? "░" : ".", count: cells - full)
  }

  /// "1.7/4.0 GiB", as wide from the first line to the last.
  private func amounts(_ state: ProgressState) -> String {
    let unit = BinaryUnit(for: Double(state.total))
    let all = Double(state.total).inUnits(of: unit).fixed(1)
    return Double(state.done).inUnits(of: unit).fixed(1).rightAligned(to: all.count) + "/" + all + " " + unit.name
  }

  /// " 22.1 GiB/s"; as many blanks while it is not known.
  private func rateText(_ state: ProgressState) -> String {
    guard let rate = state.rate else { return String(repeating: " ", count: Self.rateWidth) }
    let unit = BinaryUnit(for: rate)
    let text = rate.inUnits(of: unit).fixed(1).rightAligned(to: 6) + " " + unit.name + "/s"
    return text.rightAligned(to: Self.rateWidth)
  }

  /// Of "1023.9 MiB/s".
  private static let rateWidth = 12

  /// " 0:03 left" at the rate so far, rounded up so that it ends at 0:00 only when done; " -:-- left" while
  /// that is unknown or beyond 99 hours.
  private func timeLeft(_ state: ProgressState) -> String {
    guard let seconds = state.secondsLeftInAll?.rounded(.up), seconds < 360_000 else { return " -:-- left" }
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
