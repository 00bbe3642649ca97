/// --progress json: one line on standard error for each event, for programs.
struct ProgressLines: ProgressListener {
  let command: String

  func hear(_ event: ProgressEvent) {
    let line = Self.line(event, command) + "\n"
    switch event {
    case .stopping: break
    case .moved: Terminal.errors.offer(line)
    case .started, .warned, .finished, .failed, .undone, .released: Terminal.errors.mention(line)
    }
  }

  /// Of what has failed before there was any work to follow.
  static func tell<Command: WorkCommand>(_ command: Command, _ failure: Failure) {
    if command.output.progress == .json { ProgressLines(command: Command.name).hear(.failed(.init(failure))) }
  }

  static func line(_ event: ProgressEvent, _ command: String) -> String {
    JSON.line(ProgressLine(event, command))
  }
}

/// The keys of an event; those that it has nothing to say for are left out.
struct ProgressLine: Encodable, Equatable {
  var event: String
  var command: String
  var phase: Phase?
  var files: [String]?
  /// start: the counts to come; progress: of this run.
  var threadCounts: [Int]?
  var threads: Int?
  var run: Int?
  var runs: Int?
  var bytesDone: Int?
  var bytesTotal: Int?
  var bytesPerSecond: Double?
  /// progress: since the phase began; finished: since the start.
  var seconds: Double?
  /// Of this phase, and of all runs.
  var secondsLeft: Double?
  var secondsLeftInAll: Double?
  var held: Bool?
  var bytes: Int?
  var complete: Bool?
  var code: String?
  var exitStatus: Int?
  var message: String?
  var path: String?

  enum CodingKeys: String, CodingKey {
    case event, command, phase, files, threads, run, runs, seconds, held, bytes, complete, code, message, path
    case threadCounts = "thread_counts"
    case bytesDone = "bytes_done"
    case bytesTotal = "bytes_total"
    case bytesPerSecond = "bytes_per_second"
    case secondsLeft = "seconds_left"
    case secondsLeftInAll = "seconds_left_in_all"
    case exitStatus = "exit_status"
  }
}

extension ProgressLine {
  init(_ event: ProgressEvent, _ command: String) {
    self.init(event: event.name, command: command)
    switch event {
    case .started(let state, let counts, let files):
      threadCounts = counts
      self.files = files
      runs = state.runs
      bytesTotal = state.total
    case .warned(let text): message = text
    case .moved(let state): tell(state)
    case .stopping: break
    case .finished(let seconds, let held): (self.seconds, self.held) = (seconds, held)
    case .failed(let failure):
      (code, exitStatus, message, path) = (failure.code, failure.exitStatus, failure.message, failure.path)
    case .undone(let undone): (bytes, complete) = (undone.bytes, undone.complete)
    case .released(let given): (bytes, complete) = (given?.bytes, given?.complete)
    }
  }

  private mutating func tell(_ state: ProgressState) {
    (phase, run, runs, threads) = (state.phase, state.run, state.runs, state.threads)
    (bytesDone, bytesTotal) = (state.done, state.total)
    (bytesPerSecond, seconds) = (state.rate, state.seconds)
    (secondsLeft, secondsLeftInAll) = (state.secondsLeft, state.secondsLeftInAll)
  }
}

extension ProgressEvent {
  /// As `--progress json` says it.
  fileprivate var name: String {
    switch self {
    case .started: "start"
    case .warned: "warning"
    case .moved: "progress"
    case .stopping: "stopping"
    case .finished: "finished"
    case .failed: "failed"
    case .undone: "undone"
    case .released: "released"
    }
  }
}
