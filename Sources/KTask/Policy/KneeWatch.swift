/// When a knee that has been found is to be looked for again: not so often that looking costs more than a hundredth or two.
struct KneeWatch {
  enum Reason {
    /// It may lie a little further up, or down.
    case above, below
    /// The throughput is another one than it was.
    case faster, slower
  }

  /// A look at more threads, or at fewer, that is due some time.
  private struct Look {
    var pause = KneeWatch.shortest
    var due: UInt64 = 0
  }
  private var above = Look()
  private var below = Look()
  private var rate = 0.0
  private var oddSamples = 0
  private var quietUntil: UInt64 = 0
  /// What was measured since the last look, the older the less.
  private var units = 0.0
  private var nanoseconds = 0.0

  /// A throughput that differs by so much is another one, if it does so often enough in a row.
  static var change: Double { 0.1 }
  static var samples: Int { 3 }
  /// Between two looks, in nanoseconds: one in vain is followed by a longer time.
  static var shortest: UInt64 { 200_000_000 }
  static var longest: UInt64 { 800_000_000 }
  /// A look that costs some of the throughput is taken so seldom that no more than this part is lost, but once in `seldom`.
  static var cost: Double { 0.005 }
  static var seldom: UInt64 { 5_000_000_000 }

  /// Begins to watch a count with this throughput. `isNews`: the search has found another count than the one before.
  mutating func begin(_ now: UInt64, after search: UInt64, isNews: Bool, rate: Double) {
    self.rate = rate
    (oddSamples, units, nanoseconds) = (0, 0, 0)
    if isNews { (above.pause, below.pause) = (Self.shortest, Self.shortest) }
    quietUntil = now &+ max(Self.shortest, min(16 &* min(search, Self.longest), Self.longest))
    above.due = now &+ max(above.pause, quietUntil &- now)
    // not both at once
    below.due = above.due &+ below.pause / 2
  }

  /// Learns from a sample; why there is to be a look or a search now, nil where there is none. `below`, `above`: whether there are
  /// fewer threads, or more, to look at.
  mutating func note(_ sample: KneeSample, _ now: UInt64, below hasFewer: Bool, above hasMore: Bool) -> Reason? {
    units = units * 0.75 + Double(sample.units)
    nanoseconds = nanoseconds * 0.75 + Double(max(1, sample.nanoseconds))
    oddSamples = abs(sample.rate / rate - 1) > Self.change ? oddSamples + 1 : 0
    if now < quietUntil { return nil }
    if oddSamples >= Self.samples { return sample.rate > rate ? .faster : .slower }
    if hasMore && now >= above.due { return .above }
    return hasFewer && now >= below.due ? .below : nil
  }

  /// What was measured lately.
  func lately(threads: Int) -> KneeSample {
    KneeSample(threads: threads, units: Int(min(units, 1e18)), nanoseconds: UInt64(min(nanoseconds, 1e18)))
  }

  /// A look was in vain: with that count this part of the throughput was lost for so many nanoseconds.
  mutating func lookedInVain(isAbove: Bool, lost: Double, for nanoseconds: UInt64, _ now: UInt64) {
    let affordable = UInt64(max(0, min(lost / Self.cost * Double(nanoseconds), Double(Self.seldom))))
    oddSamples = 0
    if isAbove {
      above.pause = max(min(2 * above.pause, Self.longest), affordable)
      above.due = now &+ above.pause
    } else {
      below.pause = max(min(2 * below.pause, Self.longest), affordable)
      below.due = now &+ below.pause
    }
  }
}
