internal import ArgumentParser

/// A span of time, written `90` or `90s`, `5m`, `1h`, `250ms`, `1.5s`. (`Duration` is the standard library's.)
///
/// The units are sleep(1)'s and systemd's: ns us ms s m min h d, in small letters. A span is longer than
/// nothing: a time-out of zero would be over before any work.
struct TimeSpan: Hashable, Sendable, ExpressibleByArgument {
  /// The length in nanoseconds, which is what timers take.
  var nanoseconds: Int

  init(nanoseconds: Int) {
    self.nanoseconds = nanoseconds
  }

  /// For options without a `transform`. ArgumentParser's own sentence then stands in for the precise one.
  init?(argument: String) {
    guard let span = try? Self.parse(argument) else { return nil }
    self = span
  }

  /// Reads a span of time, or says what is wrong with it.
  static func parse(_ word: String) throws(WordError) -> TimeSpan {
    func wrong(_ why: String) -> WordError { WordError(kind: "duration", word: word, why: why) }

    if word.isEmpty { throw wrong("is empty") }
    if word.hasPrefix("-"), NumberWord(String(word.dropFirst())) != nil { throw wrong("is negative") }
    guard let number = NumberWord(word) else { throw wrong("is not a number with a unit like 90s or 5m") }
    guard let unit = units[String(number.suffix)] else {
      throw wrong("has the unknown unit “\(number.suffix)”; known are ms, s, m, h and d")
    }
    guard let nanoseconds = number.times(unit) else { throw wrong("is longer than 292 years") }
    if nanoseconds == 0 { throw wrong("is no time at all") }
    return TimeSpan(nanoseconds: nanoseconds)
  }

  /// The length in seconds, which is what the report shows.
  var seconds: Double { Double(nanoseconds) / 1e9 }

  /// Nanoseconds in each unit. A number alone is seconds.
  private static let units = [
    "ns": 1, "us": 1000, "ms": 1_000_000, "": 1_000_000_000, "s": 1_000_000_000,
    "m": 60_000_000_000, "min": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
  ]
}
