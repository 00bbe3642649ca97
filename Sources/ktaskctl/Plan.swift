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
  let request: JobRequest
  let job: any MemoryJob
  /// As the user writes them; nil for the doubling counts.
  let threadRequest: ThreadRequest?
  let threadCounts: [Int]
  /// Whether this process keeps the result, and until when.
  let hold: Hold?
  let runs: Int
  let warmup: Int
  let checks: [Check]
  /// What bounds the thread count, and which of the bounds the counts asked for go beyond.
  let bounds: [Bound]
  let exceeded: [Bound]
  let warnings: [String]

  init<Command: WorkCommand>(_ command: Command) throws {
    self.command = Command.name
    words = command.work
    request = try command.job()
    try words.placement.check(request.regions)
    job = try request.open(
      size: words.size?.bytes, page: words.pageSize, method: words.method?.method, Placing(words.placement))
    hold = command.holding?.wanted
    let defaults = hold == nil ? Command.defaults : .once
    runs = words.runs ?? defaults.runs
    warmup = words.warmup ?? defaults.warmup
    threadRequest = words.threads ?? defaults.threads
    let sweep = ThreadSweep(threadRequest, job, minimumChunk: words.minChunk.bytes)
    threadCounts = sweep.counts
    bounds = sweep.bounds
    exceeded = sweep.exceeded
    warnings = sweep.warnings
    checks = job.bytes == 0 ? [] : job.checks(.current())
    try refuseGivingAwayOthersPages()
    if hold != nil && threadCounts.count * (runs + warmup) > 1 {
      throw ValidationError("--hold is one run with one number of threads")
    }
  }

  /// Several runs give back in between, and only what they put there themselves.
  private func refuseGivingAwayOthersPages() throws(MemoryError) {
    guard job is PrefaultJob, threadCounts.count * (runs + warmup) > 1, job.bytes > 0 else { return }
    for file in job.files where file.present.bytes > 0 {
      throw MemoryError(.hasPages(bytes: file.present.bytes), path: file.path)
    }
  }

  /// What is left afterwards, or held, is the aim, not only the figures.
  var keepsResult: Bool { request.keepsResult || hold != nil }

  /// The first check that is not met.
  var shortage: MemoryError? { shortages.first }

  var shortages: [MemoryError] {
    checks.filter { !$0.isMet }.map { MemoryError(.short($0), path: $0.path, node: $0.what.node) }
  }

  func control(threads: Int) -> TaskControl {
    job.control(minimumChunk: words.minChunk.bytes, threads: .exactly(threads))
  }

  var chunkBytes: Int {
    let most = threadCounts.max() ?? 1
    return control(threads: most).chunk(size: job.bytes, threads: most)
  }
}

/// The thread counts of a sweep, and the reasons for them.
struct ThreadSweep {
  var counts: [Int] = []
  var bounds: [Bound] = []
  var exceeded: [Bound] = []
  var warnings: [String] = []

  init(_ request: ThreadRequest?, _ job: any MemoryJob, minimumChunk: Int) {
    func decide(_ threads: TaskControl.Threads) -> ThreadDecision {
      job.control(minimumChunk: minimumChunk, threads: threads).decide(size: max(1, job.bytes))
    }
    let policy = decide(.automatic)
    bounds = policy.bounds
    for wanted in Self.wanted(request, policy: policy.threads, allowed: Machine.shared.topology.onlineCPUs.count) {
      let decision = decide(.exactly(wanted))
      if decision.threads < wanted && request != .all { warnings.append(Self.cut(wanted, decision)) }
      for bound in decision.exceeded where !exceeded.contains(bound) { exceeded.append(bound) }
      if !counts.contains(decision.threads) { counts.append(decision.threads) }
    }
    warnings += exceeded.map { "more threads than \($0.what.rawValue) allows, which is \($0.threads)" }
  }

  /// nil: doubling up to the policy's count.
  static func wanted(_ request: ThreadRequest?, policy: Int, allowed: Int) -> [Int] {
    switch request {
    case .automatic: [policy]
    case .all: [allowed]
    case .counts(let counts): counts
    case nil: doubling(to: policy)
    }
  }

  static func doubling(to most: Int) -> [Int] {
    var counts = [1]
    while counts.last! * 2 < most { counts.append(counts.last! * 2) }
    return most > 1 ? counts + [most] : counts
  }

  private static func cut(_ wanted: Int, _ decision: ThreadDecision) -> String {
    let reason = decision.bounds.filter { $0.what != .requested }.min { $0.threads < $1.threads }
    return "\(wanted) threads asked for, \(decision.threads) used: \(reason?.what.rawValue ?? "")"
  }
}
