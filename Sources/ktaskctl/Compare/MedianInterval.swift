import Glibc

/// Where the median of what could have been measured lies, by the order of what was: it is below the smallest of n times only
/// if all n came out above it, one half to the power of n. That asks nothing of how the times are distributed, only that the
/// runs do not depend on each other.
struct MedianInterval: Equatable, Sendable {
  let least: Double
  let most: Double
  /// The probability that the median is within, from 0 (a single run) to 1.
  let confidence: Double

  /// What is aimed at for the ratio of two.
  static let wanted = 0.95

  /// The narrowest that is sure enough for a ratio of two of them; from the fastest to the slowest run where none is. Nil
  /// without times.
  init?(_ times: [Double]) {
    let sorted = times.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    var confidences = Confidences(of: sorted.count)
    var found = (least: first, most: last, confidence: confidences.next())
    for outside in 1..<max(1, (sorted.count + 1) / 2) {
      let confidence = confidences.next()
      if confidence * confidence < Self.wanted { break }
      found = (sorted[outside], sorted[sorted.count - 1 - outside], confidence)
    }
    (least, most, confidence) = found
  }

  /// With none, one, two … of `count` times left out at either end: 1 - 2 P(at most so many of them are on one side).
  private struct Confidences {
    let count: Int
    private var outside = 0
    // as logarithms: half to the power of a thousand is no number any more
    private var term: Double
    private var sum = 0.0

    init(of count: Int) {
      self.count = count
      term = -Double(count) * log(2)
    }

    mutating func next() -> Double {
      sum += exp(term)
      term += log(Double(count - outside)) - log(Double(outside + 1))
      outside += 1
      return max(0, 1 - 2 * sum)
    }
  }

  /// With so many of `count` times left out at either end.
  static func confidence(leavingOut outside: Int, of count: Int) -> Double {
    var confidences = Confidences(of: count)
    for _ in 0..<outside { _ = confidences.next() }
    return confidences.next()
  }

  /// How many runs of each give that confidence.
  static let runsForWanted =
    (1...100).first { count in
      let confidence = confidence(leavingOut: 0, of: count)
      return confidence * confidence >= wanted
    } ?? 100
}
