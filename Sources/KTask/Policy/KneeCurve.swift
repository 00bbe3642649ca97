/// Throughput by the number of threads, as far as it has been measured.
struct KneeCurve {
  private struct Point {
    var units = 0.0
    var nanoseconds = 0.0
    var samples = 0
    /// In units a second; 0 where nothing has been measured.
    var rate: Double { samples == 0 ? 0 : units / nanoseconds * 1e9 }
  }
  /// By count; without threads nothing is done.
  private var points: [Point]
  /// By what part samples of a count were off from those before: the squares, and how many those are. Not forgotten: so the machine
  /// is.
  private var squares = 0.0
  private var repeats = 0.0

  /// A count whose throughput is less than the best's by this part is as good, if it is smaller.
  static var tolerance: Double { 0.02 }
  /// Where samples are noisy the best of many is more than it should be, and one that seems worse by this part may be as good.
  static var mostNoise: Double { 0.03 }
  /// What differs by less than this part from what it is compared with is measured so many times.
  static var doubt: Double { 0.06 }
  static var mostSamples: Int { 4 }

  init(most: Int) { points = [Point](repeating: Point(), count: most + 1) }

  /// In units a second.
  subscript(threads: Int) -> Double { points[threads].rate }

  func samples(_ threads: Int) -> Int { points[threads].samples }

  mutating func add(_ sample: KneeSample) {
    let known = points[sample.threads]
    if known.samples > 0 {
      let off = sample.rate / known.rate - 1
      // the mean of those before is a little off, too
      squares += min(off * off, 1) * Double(known.samples) / Double(known.samples + 1)
      repeats += 1
    }
    points[sample.threads].units += Double(sample.units)
    points[sample.threads].nanoseconds += Double(max(1, sample.nanoseconds))
    points[sample.threads].samples += 1
  }

  mutating func forget() { for index in points.indices { points[index] = Point() } }

  /// The next measured count below; 0 where there is none.
  func measured(below threads: Int) -> Int {
    var count = threads - 1
    while count > 0 && points[count].samples == 0 { count -= 1 }
    return max(0, count)
  }

  /// The next measured count above; nil where there is none.
  func measured(above threads: Int) -> Int? {
    var count = threads + 1
    while count < points.count && points[count].samples == 0 { count += 1 }
    return count < points.count ? count : nil
  }

  /// The least count with the highest throughput.
  private var best: Int {
    var best = 0
    for count in points.indices where self[count] > self[best] { best = count }
    return best
  }

  /// By what part a sample is off, as far as that has been seen.
  private var noise: Double { repeats == 0 ? 0 : (squares / repeats).squareRoot() }

  /// A throughput that is good enough.
  private var enough: Double { (1 - Self.tolerance - min(noise, Self.mostNoise)) * self[best] }

  /// The least measured count that is good enough.
  var least: Int {
    let enough = enough
    var count = 1
    while self[count] < enough { count += 1 }
    return count
  }
}

/// What to measure next.
extension KneeCurve {
  /// A count that may be better than the best, else one that may be good enough with fewer threads; nil where neither can be.
  func probe() -> Int? {
    let best = best
    if let above = measured(above: best), let probe = peak(between: best, and: above) { return probe }
    let below = measured(below: best)
    // with nothing below it to tell its slope, fewer threads are looked at as such
    if below > 0, let probe = peak(between: below, and: best) { return probe }
    return fewer()
  }

  /// What is to be measured again, since noise may have decided; nil where that is settled. One that was measured least often.
  func doubtful() -> Int? {
    let (best, enough, least) = (best, enough, least)
    let below = measured(below: least)
    let isBelowClose = below > 0 && self[below] >= (1 - Self.doubt) * enough
    let isLeastClose = least < best && self[least] <= (1 + Self.doubt) * enough
    let isBestDoubtful = isBelowClose || isLeastClose || bulges(best)
    var next: Int?
    for (count, isClose) in [(below, isBelowClose), (least, isLeastClose), (best, isBestDoubtful)]
    where isClose && samples(count) < next.map({ samples($0) }) ?? Self.mostSamples { next = count }
    return next
  }

  /// Whether a count does more than the two below it let expect of a concave function.
  private func bulges(_ count: Int) -> Bool {
    let below = measured(below: count)
    if below == 0 { return false }
    let expected = self[below] + slope(measured(below: below), below) * Double(count - below)
    return self[count] > (1 + Self.tolerance) * expected
  }

  /// Where between two neighbours of which one is the best a better one may be: a concave function stays below the lines through
  /// the two points on either side of the gap.
  private func peak(between low: Int, and high: Int) -> Int? {
    if high - low < 2 || high - low <= high / 32 { return nil }
    let rising = low == 0 ? nil : slope(measured(below: low), low)
    let falling = measured(above: high).map { slope(high, $0) }
    let count: Double
    switch (rising, falling) {
    case (nil, nil): return nil
    case (let rising?, let falling?):
      let crossing = (self[high] - falling * Double(high) - self[low] + rising * Double(low)) / (rising - falling)
      count = min(max(crossing, Double(low)), Double(high))
    default: count = Double(low + high) / 2
    }
    let fromBelow = rising.map { self[low] + $0 * (count - Double(low)) } ?? .infinity
    let fromAbove = falling.map { self[high] - $0 * (Double(high) - count) } ?? .infinity
    // not a number where the lines are one
    if !(min(fromBelow, fromAbove) >= (1 + Self.tolerance / 2) * max(self[low], self[high])) { return nil }
    return min(max(Int(count.rounded()), low + 1), high - 1)
  }

  /// The least count that by the slope below it may be good enough.
  private func fewer() -> Int? {
    let high = least
    let low = measured(below: high)
    if high - low < 2 { return nil }
    if low == 0 { return high / 2 }
    let rising = slope(measured(below: low), low)
    let missing = rising > 0 ? (enough - self[low]) / rising : Double(high - low) / 2
    let count = low + max(1, Int(min(missing.rounded(.up), Double(high - low))))
    return count > high - max(1, high / 32) ? nil : count
  }

  private func slope(_ low: Int, _ high: Int) -> Double { (self[high] - self[low]) / Double(high - low) }
}
