internal import LinuxSystem
internal import Synchronization

/// Finds the knee of one task, or of a node's part of it, while it runs: its caller's, who asks it between two chunks. It makes
/// samples of what the threads have reported, and orders of what the knee says.
@safe
final class KneeFinder {
  private(set) var knee: Knee
  let roster = UnsafeMutablePointer<Roster>.allocate(capacity: 1)
  /// Those that are called, and let rest: the threads' numbers, the first one's rank being 1.
  private(set) var helpers: [Int]
  /// Whether the caller works here, too: its rank is 0.
  private(set) var hasCaller: Bool
  /// Helpers may have to be called still, or their permits given back.
  var isChanging = true

  /// Of all that it is about, and where that is.
  private let units: Int
  private let node: Int?
  /// What the roster's sums were when what is being measured began, and when that was.
  private var base = Sums()
  private var since: UInt64
  private var hasGlanced = false
  private let shifts: (@Sendable (Int) -> Int)?
  private var looks = 0
  private var hasNewcomers = false

  private struct Sums {
    var (units, nanoseconds, reports, reporters) = (0, 0, 0, 0)
  }

  /// Whether the order is a new one: chunks that were begun under the one before are not counted.
  private var isNew = true
  /// Under a new order, whether all that are on duty have been seen at work. Before that the others are not in anybody's way.
  private var isUnderWay = false

  /// A sample is made of so many reports at least, and of one of each thread that is on duty; of so many nanoseconds of each; and
  /// under a new order of so much of all their time.
  private static let fewestReports = 8
  private static let shortest = 3e6
  private static let coverage = 0.75
  /// In nanoseconds, or in chunks of the caller's: who has not reported for so long is of no use.
  private static let longest: UInt64 = 25_000_000
  private static let longestInChunks = 4.0

  /// `threads`: those that it begins with, of so many that may join it. `shifts`: see `TaskControl`.
  init(units: Int, node: Int?, threads: [Int], of all: Int, shifts: (@Sendable (Int) -> Int)?) {
    (self.units, self.node, self.shifts) = (units, node, shifts)
    hasCaller = threads.first == 0
    helpers = []
    // nothing is allocated any more when others join it (R7)
    helpers.reserveCapacity(all)
    helpers += threads.filter { $0 > 0 }
    since = Clock.now()
    knee = Knee(most: threads.count, capacity: all, now: since)
    unsafe roster.initialize(to: Roster(onDuty: 0, isBrief: true))
    order(since)
  }

  deinit {
    unsafe roster.deinitialize(count: 1)
    unsafe roster.deallocate()
  }

  /// After one of the caller's reports, with its pace.
  func decide(_ pace: Pace) {
    if hasNewcomers { grow(pace) }
    let left = unsafe units - roster.pointee.done.load(ordering: .relaxed)
    let (threads, isSearching) = (knee.threads, knee.isSearching)
    looks += 1
    if let shifts {
      knee.set(shifts(looks))
    } else if !hasGlanced {
      guard let each = hasCaller ? pace.nanosecondsPerUnit : helpersPace else { return }
      hasGlanced = true
      knee.glance(each, left: left)
    } else if let sample = sample(pace) {
      knee.note(sample, left: left, now: pace.since)
      restart(pace.since)
    }
    if threads != knee.threads || isSearching != knee.isSearching { order(pace.since) }
  }

  /// Whether all that are on duty have reported in this round: none was overlooked that was about to rest when it was wanted again.
  var isComplete: Bool { sums.reporters - base.reporters >= knee.threads }

  /// There is no leave for more helpers than these.
  func lower(to threads: Int, _ pace: Pace) {
    knee.lower(to: threads)
    order(pace.since)
  }

  /// Those of this rank and above are to rest: where the caller is not here, its rank is nobody's.
  var onDuty: Int { knee.threads + (hasCaller ? 0 : 1) }

  /// Nanoseconds that a unit takes one of the helpers; nil before their first report.
  private var helpersPace: Double? {
    let now = sums
    return now.units > 0 ? Double(now.nanoseconds) / Double(now.units) : nil
  }

  /// What the threads on duty have measured; nil as long as that is too little.
  private func sample(_ pace: Pace) -> KneeSample? {
    let (now, wall) = (sums, pace.since &- since)
    let reporters = now.reporters - base.reporters
    if isNew && !isUnderWay && reporters >= knee.threads {
      measureAnew(pace.since)
      isUnderWay = true
      return nil
    }
    let measured = max(1, now.nanoseconds - base.nanoseconds)
    var nanoseconds = UInt64(measured) / UInt64(max(1, reporters))
    if reporters < knee.threads || now.reports - base.reports < Self.fewestReports || !isTelling(measured, wall) {
      let chunks = Self.longestInChunks * pace.nanosecondsPerUnit * Double(pace.units)
      if reporters == 0 || wall < max(Self.longest, UInt64(min(chunks, 1e12))) { return nil }
      // whoever has not reported has done nothing
      nanoseconds = wall
    }
    var sample = KneeSample(threads: knee.threads, units: now.units - base.units, nanoseconds: nanoseconds)
    sample.node = node
    return sample
  }

  /// Under a new order, whether nearly all of the threads' time has been measured: those that wait for each other have chunks that
  /// take long, and of these fewer have ended than of the short ones.
  private func isTelling(_ measured: Int, _ wall: UInt64) -> Bool {
    let threads = Double(knee.threads)
    if Double(measured) < threads * Self.shortest { return false }
    return !isNew || Double(measured) >= Self.coverage * threads * Double(wall)
  }

  private var sums: Sums {
    unsafe Sums(
      units: roster.pointee.units.load(ordering: .relaxed),
      nanoseconds: roster.pointee.nanoseconds.load(ordering: .relaxed),
      reports: roster.pointee.reports.load(ordering: .relaxed),
      reporters: roster.pointee.reporters.load(ordering: .relaxed))
  }

  private func order(_ now: UInt64) {
    unsafe roster.pointee.give(onDuty: onDuty, isBrief: knee.isSearching)
    measureAnew(now)
    (isChanging, isNew, isUnderWay) = (true, true, false)
  }

  private func restart(_ now: UInt64) {
    measureAnew(now)
    isNew = false
  }

  private func measureAnew(_ now: UInt64) {
    unsafe roster.pointee.nextRound()
    base = sums
    since = now
  }
}

/// Threads that come and go.
extension KneeFinder {
  /// Whether some have found that there is nothing left here to be taken.
  var hasLeavers: Bool { unsafe roster.pointee.hasLeavers }

  /// One leaves for good; its number.
  func letGo(at index: Int) -> Int { helpers.remove(at: index) }

  /// A helper that rests joins, and may be called in from the next decision on; its rank.
  func join(_ thread: Int) -> Int {
    helpers.append(thread)
    hasNewcomers = true
    return helpers.count
  }

  /// The caller does, and works at once.
  func joinCaller(_ pace: Pace) {
    hasCaller = true
    grow(pace)
  }

  private func grow(_ pace: Pace) {
    hasNewcomers = false
    knee.grow(to: helpers.count + (hasCaller ? 1 : 0), now: pace.since)
    order(pace.since)
  }
}
