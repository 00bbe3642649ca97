// How many threads are right, found out while a task runs: arithmetic on samples alone, so that tables can test it.

/// What so many threads did together for a moment.
public struct KneeSample: Sendable, Equatable {
  /// The caller among them.
  public var threads: Int
  /// All of theirs, in as many nanoseconds as each of them was measured for.
  public var units: Int
  public var nanoseconds: UInt64
  /// Where the memory, or whatever they worked on, was; nil: the whole task.
  public var node: Int?

  public init(threads: Int, units: Int, nanoseconds: UInt64) {
    self.threads = threads
    self.units = units
    self.nanoseconds = nanoseconds
  }

  /// Units a second.
  public var rate: Double { Double(units) / Double(max(1, nanoseconds)) * 1e9 }
}

/// The knee of a task's throughput: the least number of threads that is as fast as any, but for a little.
///
/// A search begins with few threads and calls in more, in large steps, as long as they gain something; then it looks between the
/// counts that it has measured, where by the neighbours' slopes something can be gained, or fewer threads could do. It takes
/// throughput for a concave function of the count, as it is where threads queue for something that they share. What was close is
/// measured again. When it has settled it has a look at a few more threads and at a few less now and then, and searches anew when
/// the throughput has become another one.
struct Knee {
  /// More threads than these there are not; for now, where a limit leaves no more.
  private(set) var most: Int
  private var all: Int
  /// How many are to work now.
  private(set) var threads: Int
  /// The count that it has settled at; nil before that.
  private(set) var settled: Int?
  /// What was measured on the way, the first of it.
  private(set) var steps: [KneeSample] = []

  private var curve: KneeCurve
  private var watch = KneeWatch()
  private var phase = Phase.climbing
  private var searchBegan: UInt64

  private enum Phase: Equatable {
    case climbing, refining, settled
    /// A look at another count than the one settled at.
    case looking(from: Int)
  }

  /// So many threads at first: on a machine that has no more, a task that is over soon runs as if nobody looked.
  static var few: Int { 4 }
  /// More threads that gain less than this part are not worth while.
  static var gain: Double { 0.03 }
  /// A task that would be over in so many nanoseconds, if all threads were of use, is not searched with few.
  static var soon: Double { 50e6 }
  /// What is left of a task is searched if it takes so many samples at least.
  static var worthwhile: Double { 10 }
  /// A search takes no longer, in nanoseconds, or than this part of what is left: where chunks are slow there are few samples.
  static var longest: UInt64 { 150_000_000 }
  static var longestPart: Double { 0.05 }
  /// A look at another count takes so many samples.
  static var samplesOfLook: Int { 3 }
  /// So many steps are kept to be told.
  static var mostSteps: Int { 64 }

  /// `capacity`: threads that there may come to be.
  init(most: Int, capacity: Int = 0, now: UInt64) {
    all = max(1, most)
    self.most = all
    threads = min(self.most, Self.few)
    curve = KneeCurve(most: max(self.most, capacity))
    searchBegan = now
    steps.reserveCapacity(Self.mostSteps)
  }

  /// Whether it measures: chunks are to be short.
  var isSearching: Bool { phase != .settled }

  /// A first look at the caller's pace, before there is a sample: all threads are called in for what would soon be over.
  mutating func glance(_ nanosecondsPerUnit: Double, left: Int) {
    if Double(left) * nanosecondsPerUnit / Double(most) < Self.soon { threads = most }
  }

  /// No more threads can be had than these: until it looks further the next time.
  mutating func lower(to threads: Int) {
    most = max(1, min(most, threads))
    self.threads = min(self.threads, most)
  }

  /// There are more threads now: where all that there were have been of use, more may be.
  mutating func grow(to threads: Int, now: UInt64) {
    let wereAll = self.threads == all
    all = max(all, threads)
    most = all
    if !wereAll { return }
    if phase == .settled { climb(from: watch.lately(threads: self.threads), now) }
    if phase == .climbing { self.threads = min(most, max(self.threads, 2 * curve.measured(below: most + 1))) }
  }

  /// Whatever was measured.
  mutating func set(_ threads: Int) { self.threads = min(max(1, threads), all) }

  /// Learns from a sample of the threads that were to work, and decides how many are to work now. `left`: units that are left of
  /// the task; `now`: on any clock, in nanoseconds.
  mutating func note(_ sample: KneeSample, left: Int, now: UInt64) {
    guard sample.threads == threads, sample.units > 0 else { return }
    let rest = Double(left) / sample.rate * 1e9
    let takesLong = rest >= Self.worthwhile * Double(sample.nanoseconds)
    if phase == .settled { return keepWatch(sample, now, isWorthwhile: takesLong) }
    curve.add(sample)
    if steps.count < Self.mostSteps { steps.append(sample) }
    if case .looking(let from) = phase { return look(sample, from: from, now) }
    let isOver = now &- searchBegan > Self.longest && Double(now &- searchBegan) > Self.longestPart * rest
    if !takesLong || isOver { return settle(now) }
    if phase == .climbing {
      let below = curve.measured(below: threads)
      if threads < most && curve[threads] >= (1 + Self.gain) * curve[below] {
        threads = further(from: below, left)
        return
      }
      phase = .refining
    }
    guard let next = curve.probe() ?? curve.doubtful() else { return settle(now) }
    threads = next
  }

  /// Four times as many threads as long as each of them does what those before did, else twice as many.
  private func further(from below: Int, _ left: Int) -> Int {
    let each = curve[threads] / Double(threads)
    if Double(left) / (each * Double(most)) * 1e9 < Self.soon { return most }
    let isEven = below > 0 && each >= 0.75 * curve[below] / Double(below)
    return min(most, threads * (isEven ? 4 : 2))
  }

  private mutating func settle(_ now: UInt64) {
    let before = settled
    threads = curve.least
    settled = threads
    phase = .settled
    watch.begin(now, after: now &- searchBegan, isNews: before != threads, rate: curve[threads])
  }

  /// What has been settled is kept until there is a reason to search, or to have a look.
  private mutating func keepWatch(_ sample: KneeSample, _ now: UInt64, isWorthwhile: Bool) {
    guard let reason = watch.note(sample, now, below: threads > 1, above: threads < all), isWorthwhile else { return }
    let here = threads
    most = all
    if reason == .faster { return climb(from: sample, now) }
    search(from: reason == .slower ? sample : watch.lately(threads: here), now)
    phase = reason == .slower ? .refining : .looking(from: here)
    switch reason {
    case .slower, .faster: threads = curve.probe() ?? here
    case .above: threads = min(most, here + max(1, here / 4))
    case .below: threads = here - max(1, here / 4)
    }
  }

  private mutating func climb(from sample: KneeSample, _ now: UInt64) {
    search(from: sample, now)
    phase = .climbing
    threads = threads < most ? further(from: 0, .max) : curve.probe() ?? threads
  }

  /// Nothing of what was measured before holds any more, but this.
  private mutating func search(from sample: KneeSample, _ now: UInt64) {
    curve.forget()
    curve.add(sample)
    searchBegan = now
  }

  private mutating func look(_ sample: KneeSample, from here: Int, _ now: UInt64) {
    if curve.samples(threads) < Self.samplesOfLook { return }
    let isAbove = threads > here
    let part = curve[threads] / curve[here]
    if isAbove ? part >= 1 + Self.gain : part >= 1 - KneeCurve.tolerance / 2 {
      phase = isAbove ? .climbing : .refining
      if isAbove && threads < most {
        threads = further(from: here, .max)
      } else if let next = curve.probe() {
        threads = next
      }
      if !isAbove && threads == here { settle(now) }
      return
    }
    threads = here
    phase = .settled
    watch.lookedInVain(isAbove: isAbove, lost: 1 - part, for: now &- searchBegan, now)
  }
}
