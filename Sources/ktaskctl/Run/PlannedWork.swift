import ArgumentParser
import KTask
import LinuxSystem
import MemoryWork

/// A plan with what it takes to carry it out: the job with its open files, the right to change pools, the place where
/// helpers are counted, and who may cancel it.
struct PlannedWork {
  let plan: Plan
  let job: any MemoryJob
  let made = MadeRun()
  /// Raises pools; nil where that is not asked for.
  let growth: PoolGrowth?
  /// Makes them smaller; as well.
  let shrink: PoolShrink?
  let budget: HelperBudget
  let monitor: TaskMonitor
  /// What is missing beforehand.
  let shortages: [Failure]

  init<Command: WorkCommand>(_ command: Command, _ request: Request, _ monitor: TaskMonitor) throws {
    let (words, intent) = (command.words, request.intent)
    try words.checkPolicy(intent.regions)
    let budget = words.helpers.makeBudget()
    let looking = Looking(Self.looking(words, budget), monitor, isMaking: !words.dryRun)
    var opening = Opening(words, NodeAssignment(words, looking: looking))
    let job = try request.open(&opening)

    let asked = words.threads ?? command.defaultsForIt.threads
    let sweep = ThreadSweep(asked) { threads in
      Self.control(job, words, budget, threads, of: asked).decide(size: max(1, job.bytes))
    }
    let most = Self.control(job, words, budget, asked.control(sweep.most), of: asked)
    var plan = Plan(command, intent, job, sweep, most)
    (growth, shrink) = try Self.changes(intent.pool, job)
    (plan.growth, plan.shrink) = (growth?.planned, shrink?.planned)
    let others = try plan.losesContent(of: job) ? FilesInUse.check(job.files, monitor) : nil
    plan.takeWarnings(of: job, others, sweep)
    plan.checks = try plan.allChecks(of: job, growth, others)
    let shortages = plan.checks.filter { !$0.isMet }.map { check in
      MemoryError(.short(check), path: check.path, node: check.what.node).namingHolders(besides: job.files, monitor)
    }
    try plan.refuseGivingAwayOthersPages(of: job)
    try plan.refuseHoldingSeveral()
    (self.plan, self.job, self.budget, self.monitor) = (plan, job, budget, monitor)
    self.shortages = shortages.map(Failure.init)
  }

  /// The plan for a process that runs, which fills its memory by itself meanwhile: what seems short may be there by the time
  /// that it is counted. So it is looked at again for as long as less is missing. The one before is closed by then.
  static func settled<Command: WorkCommand>(
    _ command: Command, _ request: Request, _ monitor: TaskMonitor
  ) throws -> PlannedWork {
    var missing = Int.max
    while true {
      let work = try PlannedWork(command, request, monitor)
      try monitor.check()
      let files = work.job.files
      let now = files.reduce(0) { $0 + $1.missingBytes }
      if work.shortages.isEmpty || now >= missing || files.allSatisfy({ $0.ownersName == nil }) { return work }
      missing = now
    }
  }

  private static func changes(
    _ pool: PoolChange?, _ job: any MemoryJob
  ) throws(MemoryError) -> (PoolGrowth?, PoolShrink?) {
    switch pool {
    case .grow(let keepFree)?: (try PoolGrowth(job, keepFree: keepFree ?? 0), nil)
    case .shrink(let keepFree)?: (nil, try PoolShrink(job, keepFree: keepFree ?? 0))
    case nil: (nil, nil)
    }
  }

  /// For a run with so many threads.
  func control(threads: Int) -> TaskControl {
    let request = plan.threadRequest
    var control = Self.control(job, plan.words, budget, request.control(threads), of: request)
    // where it is known how many work side by side there is nothing to find out
    control.findsKnee = request == .automatic && job.usefulThreads == .max
    return control
  }

  /// `request`: what `threads` come from.
  private static func control(
    _ job: any MemoryJob, _ words: WorkWords, _ budget: HelperBudget, _ threads: TaskControl.Threads,
    of request: ThreadRequest?
  ) -> TaskControl {
    var control = job.control(minimumChunk: words.minChunk.bytes, threads: threads)
    if request == .automatic { control.maximumThreads = max(1, min(control.maximumThreads, job.usefulThreads)) }
    words.helpers.apply(to: &control)
    control.budget = budget
    return control
  }

  /// For a look at what is there before the plan is made: with no more threads than are asked for.
  private static func looking(_ words: WorkWords, _ budget: HelperBudget) -> TaskControl {
    var control = TaskControl(minimumChunk: usualMinimumChunk)
    switch words.threads {
    case .counts(let counts): control.threads = .atMost(counts.max() ?? 1)
    case .automatic, nil: control.findsKnee = true
    case .all: break
    }
    words.helpers.apply(to: &control)
    control.budget = budget
    return control
  }
}

extension Plan {
  /// What the words, the open job and the engine say, as things are when the plan is made; `control`: of the most threads.
  fileprivate init<Command: WorkCommand>(
    _ command: Command, _ intent: Intent, _ job: any MemoryJob, _ sweep: ThreadSweep, _ control: TaskControl
  ) {
    let (words, defaults) = (command.words, command.defaultsForIt)
    self.init(
      command: Command.name, words: words, intent: intent, bytes: job.bytes, pageSize: job.pageSize,
      alignment: job.alignment, changesNames: job.changesNames, method: job.method, nodeTasks: job.nodeTasks,
      files: job.files.map { PlannedFile($0, job) }, threadRequest: words.threads ?? defaults.threads,
      threadCounts: sweep.counts, runs: words.runs ?? defaults.runs, warmup: words.warmup ?? defaults.warmup,
      warmsUp: defaults.warmup > 0 && words.warmup == nil && (try? VirtualMachine.isThis()) == true,
      hold: command.holding?.wanted, chunkBytes: control.chunk(size: job.bytes, threads: sweep.most),
      helpers: HelperRules(control.priority(), control.budget), bounds: sweep.bounds, exceeded: sweep.exceeded,
      unknownBounds: Machine.shared.unknownBounds)
  }
}

extension PlannedFile {
  fileprivate init(_ file: MemoryFile, _ job: any MemoryJob) {
    self.init(
      path: file.path, name: file.ownersName, bytes: file.length, residentBefore: file.residentBefore,
      sizeBefore: file.originalSize, size: file.size, pageSize: file.pageSize, isTransparent: file.isTransparent,
      part: job.part(of: file), behindEnd: job.bytesBehindEnd(of: file), source: file.source)
  }
}
