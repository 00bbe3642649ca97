internal import LinuxSystem
internal import Synchronization

/// Finds the knee of one task while it runs: its caller's, who asks it between two chunks. It makes samples of what the threads
/// have reported, and orders of what the knee says.
@safe
final class KneeFinder {
  private(set) var knee: Knee
  let roster = UnsafeMutablePointer<Roster>.allocate(capacity: 1)
  /// Those that are called, and let rest.
  let helpers: [Helper]
  /// Helpers may have to be called still, or their permits given back.
  var isChanging = true

  /// Of the whole task.
  private let units: Int
  /// What the roster's sums were when what is being measured began, and when that was.
  private var base = Sums()
  private var since: UInt64
  private var hasGlanced = false
  private let shifts: (@Sendable (Int) -> Int)?
  private var looks = 0

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

  /// `shifts`: see `TaskControl`.
  init(units: Int, helpers: [Helper], shifts: (@Sendable (Int) -> Int)? = nil) {
    self.units = units
    self.shifts = shifts
    self.helpers = helpers
    since = Clock.now()
    knee = Knee(most: helpers.count + 1, now: since)
    unsafe roster.initialize(to: Roster(onDuty: knee.threads, isBrief: true))
  }

  deinit {
    unsafe roster.deinitialize(count: 1)
    unsafe roster.deallocate()
  }

  /// After one of the caller's reports, with its pace.
  func decide(_ pace: Pace) {
    let left = unsafe units - roster.pointee.done.load(ordering: .relaxed)
    let (threads, isSearching) = (knee.threads, knee.isSearching)
    looks += 1
    if let shifts {
      knee.set(shifts(looks))
    } else if !hasGlanced {
      hasGlanced = true
      knee.glance(pace.nanosecondsPerUnit, left: left)
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
    return KneeSample(threads: knee.threads, units: now.units - base.units, nanoseconds: nanoseconds)
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
    unsafe roster.pointee.give(onDuty: knee.threads, isBrief: knee.isSearching)
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
