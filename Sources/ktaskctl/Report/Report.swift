import KTask
import LinuxSystem
import MemoryWork

/// Everything that is known at the end, in values, before it becomes text or JSON: what they say follows from this alone.
struct Report: Sendable {
  let plan: Plan
  /// This process, which keeps what is held.
  let process: Int32
  /// Where there is a document to be made.
  var host: Document.Host?
  /// When it was told, in UTC; there as well.
  var date: String?
  var outcome: Outcome?
  /// What the stock had when it was told; nil: it is about none, or that is not known.
  var stock: StockContents?
  /// Of each file of the plan where it is in a stock by now; nil: in none.
  var pathsInStock: [String?] = []
  /// What a look found where there was nothing to do.
  var found: Verification?
  /// What was missing beforehand, or failed on the way; the first in time first.
  var failures: [Failure] = []
  var end: Interruption?
  /// What went wrong after all had been done.
  var late: [Failure] = []

  init(_ plan: Plan, process: Int32) {
    self.plan = plan
    self.process = process
  }

  /// The first failure in time is the result; a signal or the time limit where nothing failed.
  var exitStatus: ExitStatus {
    if let failure = failures.first { return failure.exitStatus }
    if let end { return end.exitStatus }
    if let failure = late.first { return status(of: failure) }
    return outcome?.wasCancelled == true ? .failed : .done
  }

  /// Those of env(1) say that nothing is left.
  private func status(of failure: Failure) -> ExitStatus {
    let isComplete = kept.isEmpty && outcome?.undone?.isComplete != false
    return !isComplete && [.cannotRun, .notFound].contains(failure.exitStatus) ? .failed : failure.exitStatus
  }

  /// Whether what was asked for is there.
  var isDone: Bool { exitStatus == .done }

  /// For standard error.
  var messages: [Failure] {
    var messages = failures + ended + late
    if !messages.isEmpty { messages[0].why += undoneText }
    return messages + kept
  }

  /// For the document, which tells of the undo by itself.
  var entries: [Failure] {
    var ended = failures.isEmpty ? ended : []
    if !ended.isEmpty { ended[0].why += undoneText }
    return failures + ended + late + kept
  }

  private var kept: [Failure] { outcome?.kept ?? [] }

  /// "; undone, 2 GiB given back".
  private var undoneText: String {
    guard let undone = outcome?.undone else { return "" }
    if plan.intent.aim == .freeMemory && !undone.isComplete { return "; what was given back by then is gone" }
    if plan.intent.process != nil && !undone.isComplete {
      return "; what was made by then stays: nothing is taken from a running process"
    }
    return (undone.isComplete ? "; undone" : "; undone in part") + ", \(ByteSize.text(undone.bytes)) given back"
  }

  private var ended: [Failure] {
    guard let end else { return [] }
    var failure = end.failure(subject, plan.words.timeout)
    failure.path = plan.files.first?.path
    return [failure]
  }

  /// What it is all about.
  var subject: String { plan.subject }

  var results: [Document.Result] {
    let counts = outcome?.counts ?? []
    let one = counts.first { $0.threads == 1 }.flatMap { Statistics($0.times)?.median }
    return counts.compactMap { count in
      var result = Document.Result(
        command: plan.commandLine(threads: count.threads), threads: count.threads, bytes: plan.bytes,
        times: count.times, oneThread: one, usage: count.meanUsage,
        helpers: count.helpers.map { .init(node: $0.node, chunks: $0.chunks, bytes: $0.bytes, seconds: $0.seconds) })
      result?.memoryUsage = count.knownPeaks
      result?.knee = count.knee
      result?.steps = count.knee == nil ? nil : count.steps.map(Document.Step.init)
      result?.store = count.store.map(Document.StoreUse.init)
      return result
    }
  }
}
