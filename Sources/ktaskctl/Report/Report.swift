import KTask
import LinuxSystem
import MemoryWork

/// Everything that is known at the end, before it becomes text or JSON.
struct Report {
  let plan: Plan
  var outcome: SweepOutcome?
  /// What a look found where there was nothing to do.
  var found: Verification?
  var errors: [MemoryError] = []
  var end: Interruption?
  /// What went wrong after all had been done.
  var late: [Failure] = []

  init(_ plan: Plan) { self.plan = plan }

  /// The first error in time is the result; a signal or the time limit where nothing failed.
  var exitStatus: ExitStatus {
    if let error = errors.first { return error.exitStatus }
    if let end { return end.exitStatus }
    if let failure = late.first { return status(of: failure) }
    return outcome?.wasCancelled == true ? .failed : .done
  }

  /// Those of env(1) say that nothing is left.
  private func status(of failure: Failure) -> ExitStatus {
    let isComplete = kept.isEmpty && outcome?.undone?.complete != false
    return !isComplete && [.cannotRun, .notFound].contains(failure.exitStatus) ? .failed : failure.exitStatus
  }

  /// Whether what was asked for is there.
  var isDone: Bool { exitStatus == .done }

  /// For standard error.
  var messages: [Failure] {
    var failures = errors.map(Failure.init) + ended + late
    if !failures.isEmpty { failures[0].why += undoneText }
    return failures + kept
  }

  /// For the document, which tells of the undo by itself.
  var failures: [Failure] {
    var ended = errors.isEmpty ? ended : []
    if !ended.isEmpty { ended[0].why += undoneText }
    return errors.map(Failure.init) + ended + late + kept
  }

  /// Pools that are larger than before after all.
  var kept: [Failure] { plan.growth?.kept.map { $0.failure(in: .current()) } ?? [] }

  /// "; undone, 2 GiB given back".
  private var undoneText: String {
    guard let undone = outcome?.undone else { return "" }
    if plan.intent.aim == .freeMemory {
      return undone.complete ? Self.text(undone) : "; what was given back by then is gone"
    }
    return Self.text(undone)
  }

  private static func text(_ undone: (bytes: Int, complete: Bool)) -> String {
    (undone.complete ? "; undone" : "; undone in part") + ", \(ByteSize.text(undone.bytes)) given back"
  }

  private var ended: [Failure] {
    guard let end else { return [] }
    var failure = end.failure(subject, plan.words.timeout)
    failure.path = plan.job.files.first?.path
    return [failure]
  }

  /// What it is all about.
  var subject: String { plan.subject }

  /// What is not as asked for in so many words, or not as anybody would expect it.
  var urgentWarnings: [String] {
    let isAsked = plan.words.pageSize == .transparent
    return plan.urgentWarnings + (isAsked ? hugeShortfall.map { [$0] } ?? [] : [])
  }

  /// Transparent huge pages that were asked for and are not there, whoever made the pages.
  private var hugeShortfall: String? {
    guard plan.wantsTransparent, isDone, let huge = (outcome?.verification ?? found)?.hugeBytes,
      huge < plan.transparentBytes
    else { return nil }
    let share = (Double(huge) / Double(plan.transparentBytes)).asPercent
    let wasThere = plan.job.files.contains { $0.residentBefore != 0 }
    return wasThere
      ? "\(subject): only \(share) of it is in transparent huge pages: what was there before stays in the pages that it has; "
        + "ktaskctl release gives those back"
      : "only \(share) came in transparent huge pages, the rest in base pages"
  }

  /// What makes the figures doubtful, or is not as asked for.
  var warnings: [String] {
    var warnings = plan.urgentWarnings + plan.warnings
    if let hugeShortfall { warnings.append(hugeShortfall) }
    for count in outcome?.counts ?? [] {
      warnings += Statistics.doubts(count.times, of: count.threads.counted("thread"))
      if let shortfall = count.shortfall { warnings.append(shortfall) }
      warnings += count.exceeded.filter { !plan.exceeded.contains($0) }.map(ThreadSweep.warning)
    }
    if plan.words.pageSize == .transparent, plan.job.bytes > 0, plan.transparentBytes == 0 {
      warnings.append("too little for a transparent huge page: all of it comes in base pages")
    }
    if outcome?.mayHaveLeft == true {
      warnings.append(
        "\(subject): the kernel does not tell which pages were there before; those made here may have stayed")
    }
    for unread in outcome?.verification?.unread ?? [] { warnings.append("not looked at afterwards: \(unread)") }
    if plan.intent.pin?.with == .iommufd([]), outcome?.verification != nil {
      warnings.append("nothing is pinned by iommufd until a device is attached: --with iommufd:DEVICE")
    }
    return warnings
  }

  var results: [Document.Result] {
    let counts = outcome?.counts ?? []
    let one = counts.first { $0.threads == 1 }.flatMap { Statistics($0.times)?.median }
    return counts.compactMap { count in
      let usage = count.meanUsage
      return Document.Result(
        command: plan.commandLine(threads: count.threads), threads: count.threads, bytes: plan.job.bytes,
        times: count.times, oneThread: one, user: usage?.userSeconds, system: usage?.systemSeconds,
        helpers: count.helpers.map { .init(node: $0.node, chunks: $0.chunks, bytes: $0.bytes, seconds: $0.seconds) })
    }
  }
}

extension SweepOutcome.Count {
  /// CPU time of a run, on average; nil where it is not known of every run.
  fileprivate var meanUsage: ResourceUsage? {
    if usages.isEmpty || usages.count < times.count { return nil }
    let runs = Double(usages.count)
    return ResourceUsage(
      userSeconds: usages.reduce(0) { $0 + $1.userSeconds } / runs,
      systemSeconds: usages.reduce(0) { $0 + $1.systemSeconds } / runs)
  }

  /// Fewer threads than planned, and why.
  fileprivate var shortfall: String? {
    // none at all: there was nothing to do for them
    if fewest >= threads || fewest == 0 { return nil }
    let why =
      switch bound?.what {
      case .threadCreation: "the system gave no more"
      case .helperLimit, nil: "others' helpers took the rest"
      case let what?: what.rawValue
      }
    return "\(threads.counted("thread")) planned, \(fewest) ran: \(why)"
  }
}

extension Plan {
  /// What it is all about.
  var subject: String {
    Self.subject(job.files.map(\.path))
  }

  /// In a line, however many there are.
  static func subject(_ files: [String]) -> String {
    if files.isEmpty { return "anonymous memory" }
    let named = files.prefix(3).map(\.shown).joined(separator: ", ")
    return files.count > 3 ? "\(named) and \((files.count - 3).counted("other file"))" : named
  }

  /// Anonymous memory that is to come in transparent huge pages.
  var wantsTransparent: Bool {
    guard job.files.allSatisfy(\.isTransparent), job.pageSize == MemoryInfo.basePageSize else { return false }
    return job.alignment > job.pageSize && transparentBytes > 0
  }

  /// What may come in transparent huge pages: the whole ones of each part; of files, of all that was asked for.
  var transparentBytes: Int {
    if !job.files.isEmpty { return job.files.reduce(0) { $0 + $1.length / job.alignment * job.alignment } }
    return job.nodeTasks.reduce(0) { $0 + $1.range.count / job.alignment * job.alignment }
  }

  /// Whether the memory, or a part of it, has been given nodes.
  var placesMemory: Bool { job.nodeTasks.contains { $0.node != nil } }

  var policyWord: String? { placesMemory ? (words.placement.policy ?? .bind).rawValue : nil }

  /// For the header: "nodes 0-1 (bind)".
  var nodesText: String {
    let nodes = NodeSet(job.nodeTasks.compactMap(\.node))
    guard let policyWord else { return "any node" }
    return "\(nodes.numbers.count == 1 ? "node" : "nodes") \(nodes) (\(policyWord))"
  }

  /// Pages in the words of the command line.
  var pageWord: String {
    wantsTransparent || words.pageSize == .transparent ? "thp" : PageSizeWord.text(job.pageSize)
  }

  /// The command that does one thread count's part again.
  func commandLine(threads: Int) -> String {
    var words = ["ktaskctl", command] + intent.paths.map(quotedFile)
    if !intent.regions.isEmpty {
      words = ["ktaskctl", command] + intent.regions.flatMap { ["--region", quotedForShell($0.text)] }
    }
    if let size = self.words.size { words += ["--size", "\(size.bytes)"] }
    if let offset = intent.offset { words += ["--offset", "\(offset)"] }
    if let nodes = self.words.placement.nodes { words += ["--nodes", quotedForShell(nodes.text)] }
    if let policy = self.words.placement.policy { words += ["--policy", policy.rawValue] }
    if job.files.isEmpty { words += ["--page-size", pageWord] }
    words += intent.pin?.words ?? []
    if let method = self.words.method { words += ["--method", method.rawValue] }
    if self.words.evenIfOpen { words.append("--even-if-open") }
    words += ["--threads", "\(threads)"]
    if let exec = intent.exec { words += ["--"] + exec.command.map(quotedForShell) }
    return words.joined(separator: " ")
  }
}
