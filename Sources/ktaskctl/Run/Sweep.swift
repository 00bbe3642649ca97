import KTask
import LinuxSystem
import MemoryWork

extension PlannedWork {
  /// In which pages it is what there is already; nil where that cannot be looked at.
  func look() -> Verification? {
    let look = VerifyJob(job.files, demand: Demand(isInfo: true))
    do throws(MemoryError) {
      let prepared = try look.prepare()
      let control = control(threads: plan.threadCounts.max() ?? 1)
      return try prepared.run(control, monitor).end == .finished ? prepared.verify(control, monitor) : nil
    } catch {
      return nil
    }
  }
}

/// Runs a plan: the thread counts take turns, so that a drift of the machine's speed meets all of them alike.
struct Sweep {
  private let work: PlannedWork
  private let phase: CurrentPhase
  private var outcome: Outcome
  private var errors: [MemoryError] = []
  /// Bytes that undo functions gave back in the run that did not finish.
  private var undoneBytes = 0
  /// Those begun so far, and all that are to be.
  private var run = 0
  private var runs: Int

  static func run(_ work: PlannedWork, _ phase: CurrentPhase) -> Outcome {
    var sweep = Sweep(work, phase)
    do throws(MemoryError) {
      try sweep.runAll()
    } catch {
      sweep.note(error)
    }
    return sweep.concluded()
  }

  private init(_ work: PlannedWork, _ phase: CurrentPhase) {
    self.work = work
    self.phase = phase
    runs = work.plan.runCount
    outcome = Outcome(counts: work.plan.threadCounts.map { Outcome.Count(threads: $0) })
  }

  private var plan: Plan { work.plan }
  private var monitor: TaskMonitor { work.monitor }

  private mutating func runAll() throws(MemoryError) {
    try work.growth?.raise(monitor, within: plan.words.timeout?.seconds)
    try work.shrink?.begin(monitor)
    let warm = try warmUp()
    let rounds = plan.warmup + plan.runs
    for round in 0..<rounds {
      for index in outcome.counts.indices {
        // the first unmeasured one has been made
        if round == 0 && index == warm { continue }
        let isLast = round == rounds - 1 && index == outcome.counts.count - 1
        try runNext(index, isMeasured: round >= plan.warmup, isLast: isLast)
      }
    }
    work.growth?.unlock()
  }

  /// With the last count, as often as it takes until the machine has the memory that it says it has; which count that is.
  private mutating func warmUp() throws(MemoryError) -> Int? {
    guard plan.warmsUp, let index = outcome.counts.indices.last else { return nil }
    var warmUp = WarmUp()
    while !warmUp.isOver {
      // the first is one of those that are planned
      runs += warmUp.times.isEmpty ? 0 : 1
      warmUp.note(try runNext(index, isMeasured: false, isLast: false))
      outcome.warmUp = warmUp
    }
    return index
  }

  /// The seconds that its work took.
  @discardableResult
  private mutating func runNext(_ index: Int, isMeasured: Bool, isLast: Bool) throws(MemoryError) -> Double {
    run += 1
    monitor.forget()
    phase.begin(run: run, of: runs, threads: outcome.counts[index].threads)
    let seconds = try runOnce(index, isMeasured: isMeasured)
    if !isLast || !plan.keepsResult { try giveBack(finally: isLast) }
    return seconds
  }

  /// Of what was only made to be measured, nothing may stay.
  private mutating func giveBack(finally: Bool) throws(MemoryError) {
    let given = finally ? work.giveBackAll(isWatched: false) : work.made.giveBack()
    if plan.keepsResult || given.isComplete { return }
    if work.job.files.allSatisfy(\.presentIsExact) {
      throw MemoryError(.notGivenBack, path: work.job.files.first?.path)
    }
    outcome.mayHaveLeft = true
  }

  private mutating func runOnce(_ index: Int, isMeasured: Bool) throws(MemoryError) -> Double {
    try monitor.check()
    // pages of pools are not counted as resident: of those there is nothing to be told
    let isCounted = plan.pageSize == MemoryInfo.basePageSize && OwnMemory.resetPeak()
    let prepared = try work.job.prepare()
    work.made.run = prepared
    let control = work.control(threads: outcome.counts[index].threads)
    let run = try prepared.run(control, monitor)
    if run.end != .finished {
      undoneBytes = run.undoneBytes
      errors += run.errors
      throw run.errors.first ?? MemoryError(.cancelled)
    }
    monitor.forget()
    let peak = isCounted ? OwnMemory.peak() : nil
    phase.begin(.verifying)
    outcome.verification = try proof(of: prepared, control)
    errors = outcome.verification?.unmet ?? []
    if isMeasured { outcome.counts[index].add(run, peak: peak) }
    return run.seconds
  }

  /// nil: nothing is to be proven.
  private func proof(
    of prepared: any PreparedRun, _ control: TaskControl
  ) throws(MemoryError) -> Verification? {
    switch plan.words.verify {
    case .full, nil: try prepared.verify(control, monitor)
    case .residency: try prepared.verifyResidency(control, monitor)
    case .nothing: nil
    }
  }

  private mutating func note(_ error: MemoryError) {
    if error.cause == .cancelled {
      outcome.wasCancelled = true
    } else if !errors.contains(error) {
      errors.append(error)
    }
  }

  private func concluded() -> Outcome {
    var (outcome, errors) = (outcome, errors)
    if !plan.intent.isLook, outcome.wasCancelled || !errors.isEmpty {
      phase.begin(.undoing)
      work.takeBack(&outcome)
      outcome.undone?.bytes += undoneBytes
      if outcome.undone?.isComplete == false { for index in errors.indices { errors[index].leavesChanges = true } }
    }
    // after that: what was given back is nobody's
    if let first = errors.first { errors[0] = first.namingHolders(besides: work.job.files, monitor) }
    outcome.failures = errors.map(Failure.init)
    outcome.grown = work.growth?.raised
    work.shrink?.end(errors.isEmpty && !outcome.wasCancelled ? outcome.verification?.released : nil)
    outcome.shrunk = work.shrink?.cuts
    outcome.late = work.shrink?.kept.map { $0.failure(afterReleaseIn: .current()) } ?? []
    outcome.counts.removeAll { $0.times.isEmpty }
    return outcome
  }
}
