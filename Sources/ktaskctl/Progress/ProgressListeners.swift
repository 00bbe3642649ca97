import KTask
import LinuxSystem
import MemoryWork

/// What becomes of the work, as it is told to those who follow it.
enum ProgressEvent: Sendable {
  case started(ProgressState, threads: [Int], files: [String])
  /// What stands in nobody's way, and is to be known.
  case warned(String)
  case moved(ProgressState)
  /// By a signal, by the time limit, or by the end of what was asked for.
  case stopping
  /// Verified, and told on standard output; `held`: kept by this process.
  case finished(seconds: Double, held: Bool)
  case failed(Document.Failure)
  case undone(Document.Undone)
  /// What was held is given back, if it was to be.
  case released(Document.Undone?)
}

/// Somebody who follows the work while it goes on.
protocol ProgressListener: Sendable {
  func hear(_ event: ProgressEvent)
}

/// All who follow the work, and what they are told of it.
struct ProgressListeners: Sendable {
  let phase = CurrentPhase()
  let monitor: TaskMonitor
  private let listeners: [any ProgressListener]
  private let manager: ServiceManager?
  private let bar: ProgressDisplay?
  private let command: String
  private let subject: String
  private let total: Int
  private let threadCounts: [Int]
  private let began = Clock.now()
  private let rateLimit = RateLimit(nanoseconds: 500_000_000)

  init<Command: WorkCommand>(_ command: Command, _ work: PlannedWork) {
    let plan = work.plan
    monitor = work.monitor
    // what was looked at beforehand is no part of the work
    monitor.forget()
    self.command = Command.name
    subject = plan.subject
    total = plan.bytes
    threadCounts = plan.threadCounts
    phase.expect(runs: plan.runCount)
    bar = ProgressDisplay(command.output)
    let lines = command.output.progress == .json ? [ProgressLines(command: Command.name)] : []
    manager = ServiceManager.fromEnvironment(
      isReadiness: plan.intent.isReadiness, isVerified: plan.words.verify != .nothing,
      isRound: plan.intent.isRound)
    listeners = lines + (manager.map { [$0] } ?? [])
  }

  func tell(_ event: ProgressEvent) {
    for listener in listeners { listener.hear(event) }
  }

  /// How it came out, once that has been told on standard output.
  func tell(_ report: Report, status: ExitStatus, held: Bool) {
    if status == .done { return tell(.finished(seconds: seconds, held: held)) }
    if let failure = report.entries.first { tell(.failed(.init(failure))) }
    if let undone = report.outcome?.undone { tell(.undone(.init(undone))) }
  }

  /// Ten times a second, from the thread that watches. Who has been told that it stops is told of the undo only.
  func tick(isStopping: Bool) {
    let state = state
    if isStopping && state.phase != .undoing { return }
    bar?.draw(state)
    if !listeners.isEmpty && rateLimit.isDue() { tell(.moved(state)) }
  }

  /// One line for who asks (SIGUSR1).
  func answer() {
    erase()
    Terminal.errors.offer("ktaskctl: \(state.sentence)\n".forReader)
  }

  func erase() { bar?.erase() }

  /// Hands on what waits for a reader.
  func push() {
    for outgoing in outgoing { _ = outgoing.push() }
  }

  var hasWaiting: Bool { outgoing.contains { !$0.isEmpty } }

  /// What waits for this memory has not heard that it is ready.
  var isManagerUntold: Bool { manager.map { $0.isReadiness && !$0.isEmpty } ?? false }

  /// Waits for the readers of what has come to an end.
  func flush(isCalledOff: () -> Bool) { Terminal.flush(outgoing, isCalledOff: isCalledOff) }

  private var outgoing: [any Outgoing] { [Terminal.errors] + (manager.map { [$0] } ?? []) }

  var seconds: Double { Double(Clock.since(began)) / 1e9 }

  var state: ProgressState {
    let now = phase.now
    let progress = monitor.progress
    let total = progress.total ?? total
    // the work's own undo begins within it
    let undoing = monitor.undoingSince
    let rest = now.phase == .working ? now.times.expected(threads: now.threads)?.rest : nil
    return ProgressState(
      command: command, subject: subject, phase: undoing == nil ? now.phase : .undoing, run: now.run, runs: now.runs,
      threads: now.threads, done: min(progress.done, total), total: total,
      seconds: Double(Clock.since(undoing ?? now.began)) / 1e9, restOfRun: rest,
      laterRuns: now.times.seconds(after: now.run, of: now.runs, threads: threadCounts))
  }
}
