import KTask
import LinuxSystem
import MemoryWork

/// What a plan's runs came to: the plain value that the report tells.
struct Outcome: Sendable {
  struct Count: Sendable {
    var threads: Int
    var times: [Double] = []
    /// CPU time of those runs of which the kernel tells it.
    var usages: [ResourceUsage] = []
    /// Bytes of this process that were resident at most in each of those runs of which the kernel tells it.
    var peaks: [Int] = []
    /// The last run's threads.
    var helpers: [JobRun.Thread] = []
    /// The fewest threads of a run, and what kept it from having more.
    var fewest = Int.max
    var bound: Bound?
    /// Of each run that found it, the least number of threads that was as fast as any; and what the last of them measured for it.
    var knees: [Int] = []
    var steps: [KneeSample] = []
    /// The last run's store; nil: nothing was cleared in place.
    var store: StoreUse?
    /// Bounds that showed only on the way: another process's helpers.
    var exceeded: [Bound] = []
  }
  var counts: [Count]
  /// Runs before the measured ones, where their number was left to them.
  var warmUp: WarmUp?
  var verification: Verification?
  /// The first in time is the result.
  var failures: [Failure] = []
  var wasCancelled = false
  /// What was made to be measured may still be there: which pages a file had before is not known.
  var mayHaveLeft = false
  /// After a failure: what was given back, and whether that was all.
  var undone: GivenBack?
  /// By what pools were raised; nil where that was not asked for.
  var grown: [PoolRaise]?
  /// By what they became smaller; as well.
  var shrunk: [PoolCut]?
  /// What went wrong after all had been done: pools that should have become smaller.
  var late: [Failure] = []
  /// Pools that are larger than before after all.
  var kept: [Failure] = []
}

extension Outcome.Count {
  /// `peak`: bytes that were resident at most meanwhile; nil: not known.
  mutating func add(_ run: JobRun, peak: Int?) {
    times.append(run.seconds)
    if let peak { peaks.append(peak) }
    if let usage = run.usage { usages.append(usage) }
    helpers = run.threads
    store = run.store
    if let knee = run.knee {
      knees.append(knee)
      steps = run.steps
    }
    if run.threads.count < fewest {
      fewest = run.threads.count
      bound = run.bounds.filter { $0.what != .knee }.min { $0.threads < $1.threads }
    }
    for bound in run.exceededBounds where !exceeded.contains(bound) { exceeded.append(bound) }
  }

  /// The median of what the runs found, the lower one of two; nil where none found it.
  var knee: Int? { knees.isEmpty ? nil : knees.sorted()[(knees.count - 1) / 2] }

  /// nil where it is not known of every run.
  var knownPeaks: [Int]? { peaks.isEmpty || peaks.count < times.count ? nil : peaks }

  /// CPU time of a run, on average; nil where it is not known of every run.
  var meanUsage: ResourceUsage? {
    if usages.isEmpty || usages.count < times.count { return nil }
    let runs = Double(usages.count)
    return ResourceUsage(
      userSeconds: usages.reduce(0) { $0 + $1.userSeconds } / runs,
      systemSeconds: usages.reduce(0) { $0 + $1.systemSeconds } / runs)
  }
}
