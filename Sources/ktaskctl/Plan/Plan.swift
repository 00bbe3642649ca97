import ArgumentParser
import KTask
import LinuxSystem
import MemoryWork

/// What a command does where the options say nothing.
struct SweepDefaults {
  /// nil: 1, 2, 4 … up to what the policy allows.
  var threads: ThreadRequest?
  var runs: Int
  var warmup: Int

  static let measuring = SweepDefaults(threads: nil, runs: 3, warmup: 1)
  static let once = SweepDefaults(threads: .automatic, runs: 1, warmup: 0)
}

/// The validated intent: what, how much, how many threads and why. It can be printed, and run.
struct Plan {
  let command: String
  let words: WorkOptions
  let intent: Intent
  let job: any MemoryJob
  let made = MadeRun()
  /// As the user writes them; nil for the doubling counts.
  let threadRequest: ThreadRequest?
  let threadCounts: [Int]
  /// Where helpers are counted.
  let budget: HelperBudget
  /// Whether this process keeps the result, and until when.
  let hold: Hold?
  let runs: Int
  let warmup: Int
  let checks: [Check]
  /// Those that are not met.
  let shortages: [MemoryError]
  /// Raises pools; nil where that is not asked for.
  let growth: PoolGrowth?
  /// What bounds the thread count, and which of the bounds the counts asked for go beyond.
  let bounds: [Bound]
  let exceeded: [Bound]
  let warnings: [String]

  /// `monitor`: who cancels it ends the look at what is there, too.
  init<Command: WorkCommand>(_ command: Command, _ request: Request, _ monitor: TaskMonitor) throws {
    self.command = Command.name
    words = command.work
    intent = request.intent
    try words.placement.check(intent.regions)
    budget = words.helpers.makeBudget()
    let looking = Looking(Self.looking(words, budget), monitor, isMaking: !words.dryRun)
    var opening = Opening(words, NodeAssignment(words.placement, looking: looking))
    job = try request.open(&opening)
    hold = command.holding?.wanted
    let defaults = hold == nil ? Command.defaults : .once
    runs = words.runs ?? defaults.runs
    warmup = words.warmup ?? defaults.warmup
    threadRequest = words.threads ?? defaults.threads
    let sweep = ThreadSweep(threadRequest) { [job, words, budget] threads in
      Self.control(job, words, budget, threads).decide(size: max(1, job.bytes))
    }
    threadCounts = sweep.counts
    bounds = sweep.bounds
    exceeded = sweep.exceeded
    growth = command.growsPool ? try PoolGrowth(job) : nil
    let others =
      try Self.losesContent(intent, job, runs: hold == nil ? threadCounts.count * (runs + warmup) : 1)
      ? FilesInUse.check(job.files, monitor) : nil
    warnings =
      Self.pageWarnings(intent, words.pageSize) + (intent.exec?.warnings ?? [])
      + (command.growsPool ? PoolGrowth.warnings(job) : []) + Self.restWarnings(job)
      + ((job as? ReleaseJob)?.warnings ?? []) + (words.evenIfOpen ? others?.warnings ?? [] : [])
      + sweep.warnings
    let alone = words.evenIfOpen ? [] : [others].compactMap(\.self)
    checks = try alone + Self.checks(job, growth, threads: threadCounts.max() ?? 1)
    shortages = checks.filter { !$0.isMet }.map { [job] check in
      MemoryError(.short(check), path: check.path, node: check.what.node).namingHolders(besides: job.files, monitor)
    }
    try refuseGivingAwayOthersPages()
    if hold != nil && threadCounts.count * (runs + warmup) > 1 {
      throw ValidationError("--hold is one run with one number of threads")
    }
  }

  /// Why memory that could come in huge pages comes in base pages where nothing is said of them.
  private static func pageWarnings(_ intent: Intent, _ word: PageSizeWord?) -> [String] {
    guard word == nil, intent.makesItsOwnMemory else { return [] }
    switch PageKind.obstacle(shared: intent.exec != nil) {
    case .transparentOffForProcess?:
      return ["4K pages: transparent huge pages are switched off for this process (PR_SET_THP_DISABLE)"]
    case .unread(let unread)?: return ["4K pages: whether there are transparent huge pages is not known, \(unread)"]
    default: return []
    }
  }

  /// A file that is longer than what is asked for, as of a machine that has become smaller: nothing of it is cut off.
  private static func restWarnings(_ job: any MemoryJob) -> [String] {
    guard job is PrefaultJob else { return [] }
    return job.files.filter { $0.originalSize > $0.length }.map { file in
      let name = quotedFile(file.path)
      return
        "\(file.path.shown): has \(ByteSize.text(file.originalSize)), and what is beyond \(ByteSize.text(file.length)) stays: "
        + "truncate --size=\(file.length) \(name) cuts it off, "
        + "ktaskctl release --offset \(file.length) \(name) gives back only its pages"
    }
  }

  private static func checks(
    _ job: any MemoryJob, _ growth: PoolGrowth?, threads: Int
  ) throws(MemoryError) -> [Check] {
    let facts = try MachineFacts.current()
    let limits = job.limitChecks(facts, threads: threads)
    if job.bytes == 0 { return limits }
    let wanted = facts.withSurplus((growth?.checks(facts) ?? []) + job.checks(facts))
    return limits + (growth == nil ? wanted : wanted.filter { !$0.isAboutPool })
  }

  /// Whether content goes that others may rely on: with the work, or because what was only made to be measured is given
  /// back, in which they may have written by then. What is held is others' to use, and is given back with care.
  private static func losesContent(_ intent: Intent, _ job: any MemoryJob, runs: Int) -> Bool {
    if job.losesContent { return job.bytes > 0 || intent.removesName }
    let givesBack = runs > 1 || !intent.keepsResult
    return givesBack && job.files.contains { !$0.presentIsExact || $0.missingBytes > 0 }
  }

  /// Several runs give back in between, and only what they put there themselves.
  private func refuseGivingAwayOthersPages() throws(MemoryError) {
    guard job is PrefaultJob, threadCounts.count * (runs + warmup) > 1 else { return }
    for file in job.files where file.present.bytes > 0 {
      throw MemoryError(.hasPages(bytes: file.present.bytes), path: file.path)
    }
  }

  /// What is left afterwards, or held, is the aim, not only the figures.
  var keepsResult: Bool { intent.keepsResult || hold != nil }

  /// Where all is as asked for already. A demand must be looked at even of an empty file, and a name be removed.
  var hasNothingToDo: Bool {
    job.bytes == 0 && !intent.isLook && !intent.removesName
  }

  func control(threads: Int) -> TaskControl {
    Self.control(job, words, budget, threadRequest.isExplicit ? .exactly(threads) : .atMost(threads))
  }

  private static func control(
    _ job: any MemoryJob, _ words: WorkOptions, _ budget: HelperBudget, _ threads: TaskControl.Threads
  ) -> TaskControl {
    var control = job.control(minimumChunk: words.minChunk.bytes, threads: threads)
    words.helpers.apply(to: &control)
    control.budget = budget
    return control
  }

  /// For a look at what is there before the plan is made: with no more threads than are asked for.
  private static func looking(_ words: WorkOptions, _ budget: HelperBudget) -> TaskControl {
    var control = TaskControl(minimumChunk: usualMinimumChunk)
    if case .counts(let counts)? = words.threads { control.threads = .atMost(counts.max() ?? 1) }
    words.helpers.apply(to: &control)
    control.budget = budget
    return control
  }

  /// The helpers' nice value, and what keeps the caller from waiting for them.
  var priority: HelperPriority { control(threads: 1).priority() }

  var chunkBytes: Int {
    let most = threadCounts.max() ?? 1
    return control(threads: most).chunk(size: job.bytes, threads: most)
  }
}
