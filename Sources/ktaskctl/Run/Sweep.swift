import KTask
import LinuxSystem
import MemoryWork

/// What a plan's runs came to: the plain value that the report tells.
struct SweepOutcome {
  struct Count {
    var threads: Int
    var times: [Double] = []
    /// CPU time of those runs of which the kernel tells it.
    var usages: [ResourceUsage] = []
    /// The last run's threads.
    var helpers: [JobRun.Thread] = []
    /// The fewest threads of a run, and what kept it from having more.
    var fewest = Int.max
    var bound: Bound?
    /// Bounds that showed only on the way: another process's helpers.
    var exceeded: [Bound] = []
  }
  var counts: [Count]
  var verification: Verification?
  var errors: [MemoryError] = []
  var wasCancelled = false
  /// What was made to be measured may still be there: which pages a file had before is not known.
  var mayHaveLeft = false
  /// After a failure: what was given back, and whether that was all.
  var undone: (bytes: Int, complete: Bool)?

  /// Told to stop when the work was just done, and before anybody was told so: it is not to be held.
  mutating func cancel(_ plan: Plan, _ monitor: TaskMonitor) {
    wasCancelled = true
    undone = plan.takeBack(monitor)
  }
}

extension Plan {
  /// In which pages it is what there is already; nil where that cannot be looked at.
  func look(_ monitor: TaskMonitor) -> Verification? {
    let look = VerifyJob(job.files, demand: Demand(isInfo: true))
    do throws(MemoryError) {
      let prepared = try look.prepare()
      let control = control(threads: threadCounts.max() ?? 1)
      return try prepared.run(control, monitor).end == .finished ? prepared.verify(control, monitor) : nil
    } catch {
      return nil
    }
  }

  /// What the last run has, and what the job changed for it.
  func giveBackAll(_ monitor: TaskMonitor? = nil) -> GivenBack {
    var given = made.giveBack(monitor)
    given.isComplete = job.putBack() && given.isComplete
    return given
  }

  /// Whatever the runs left, and by how much pools were raised for them; whether that was all.
  func takeBack(_ monitor: TaskMonitor? = nil) -> (bytes: Int, complete: Bool) {
    let given = giveBackAll(monitor)
    let isPoolBack = growth?.giveBack() ?? true
    return (given.bytes, given.isComplete && isPoolBack)
  }
}

/// The run whose result is there; nothing is given back twice.
final class MadeRun {
  var run: (any PreparedRun)?
  /// Whether all runs before could be given back wholly.
  private var isComplete = true

  func giveBack(_ monitor: TaskMonitor? = nil) -> GivenBack {
    var given = run?.giveBack(monitor) ?? GivenBack()
    run = nil
    isComplete = isComplete && given.isComplete
    given.isComplete = isComplete
    return given
  }
}

/// Runs a plan: the thread counts take turns, so that a drift of the machine's speed meets all of them alike.
struct Sweep {
  private let plan: Plan
  private let monitor: TaskMonitor
  private let phase: CurrentPhase
  private var outcome: SweepOutcome
  /// Bytes that undo functions gave back in the run that did not finish.
  private var undoneBytes = 0

  static func run(_ plan: Plan, _ monitor: TaskMonitor, _ phase: CurrentPhase) -> SweepOutcome {
    var sweep = Sweep(plan, monitor, phase)
    do throws(MemoryError) {
      try sweep.runAll()
    } catch {
      sweep.note(error)
    }
    return sweep.concluded()
  }

  private init(_ plan: Plan, _ monitor: TaskMonitor, _ phase: CurrentPhase) {
    self.plan = plan
    self.monitor = monitor
    self.phase = phase
    outcome = SweepOutcome(counts: plan.threadCounts.map { SweepOutcome.Count(threads: $0) })
  }

  private mutating func runAll() throws(MemoryError) {
    try plan.growth?.raise(monitor, within: plan.words.timeout?.seconds)
    let rounds = plan.warmup + plan.runs
    for round in 0..<rounds {
      for index in outcome.counts.indices {
        let threads = outcome.counts[index].threads
        phase.begin(run: round * outcome.counts.count + index + 1, threads: threads)
        try runOnce(index, isMeasured: round >= plan.warmup)
        let isLast = round == rounds - 1 && index == outcome.counts.count - 1
        if !isLast || !plan.keepsResult { try giveBack(finally: isLast) }
      }
    }
    plan.growth?.unlock()
  }

  /// Of what was only made to be measured, nothing may stay.
  private mutating func giveBack(finally: Bool) throws(MemoryError) {
    let given = finally ? plan.giveBackAll() : plan.made.giveBack()
    if plan.keepsResult || given.isComplete { return }
    if plan.job.files.allSatisfy(\.presentIsExact) {
      throw MemoryError(.notGivenBack, path: plan.job.files.first?.path)
    }
    outcome.mayHaveLeft = true
  }

  private mutating func runOnce(_ index: Int, isMeasured: Bool) throws(MemoryError) {
    try monitor.check()
    let prepared = try plan.job.prepare()
    plan.made.run = prepared
    let control = plan.control(threads: outcome.counts[index].threads)
    let run = try prepared.run(control, monitor)
    if run.end != .finished {
      undoneBytes = run.undoneBytes
      outcome.errors += run.errors
      throw run.errors.first ?? MemoryError(.cancelled)
    }
    monitor.forget()
    phase.begin(.verifying)
    outcome.verification = try prepared.verify(control, monitor)
    outcome.errors = outcome.verification?.unmet ?? []
    if isMeasured { outcome.counts[index].add(run) }
  }

  private mutating func note(_ error: MemoryError) {
    if error.cause == .cancelled {
      outcome.wasCancelled = true
    } else if !outcome.errors.contains(error) {
      outcome.errors.append(error)
    }
  }

  private consuming func concluded() -> SweepOutcome {
    if !plan.intent.isLook, outcome.wasCancelled || !outcome.errors.isEmpty {
      phase.begin(.undoing)
      let given = plan.takeBack(monitor)
      outcome.undone = (undoneBytes + given.bytes, given.complete)
      if !given.complete { for index in outcome.errors.indices { outcome.errors[index].leavesChanges = true } }
    }
    // after that: what was given back is nobody's
    if let first = outcome.errors.first {
      outcome.errors[0] = first.namingHolders(besides: plan.job.files, monitor)
    }
    outcome.counts.removeAll { $0.times.isEmpty }
    return outcome
  }
}

extension SweepOutcome.Count {
  mutating func add(_ run: JobRun) {
    times.append(run.seconds)
    if let usage = run.usage { usages.append(usage) }
    helpers = run.threads
    if run.threads.count < fewest {
      fewest = run.threads.count
      bound = run.bounds.min { $0.threads < $1.threads }
    }
    for bound in run.exceededBounds where !exceeded.contains(bound) { exceeded.append(bound) }
  }
}
