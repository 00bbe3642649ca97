import LinuxSystem

/// The faults that are to be tried in a scenario, which one or several take turns at, and what came of them.
final class Attempts: Sendable {
  /// So far.
  struct Tally {
    var coverage = Coverage()
    /// How often it ended in which way.
    var ends: [String: Int] = [:]
    var complaints: [String] = []
    fileprivate var next = 0
  }

  private let scenario: Scenario
  private let faults: [Fault]
  /// Whether a call that does not come is wrong.
  private let mustCome: @Sendable (Fault) -> Bool
  private let state = Guarded(Tally())

  init(_ scenario: Scenario, _ faults: [Fault], mustCome: @escaping @Sendable (Fault) -> Bool) {
    (self.scenario, self.faults, self.mustCome) = (scenario, faults, mustCome)
  }

  var tally: Tally { state.withLock { $0 } }

  /// Tries one after the other until none is left.
  func go(_ trial: Trial) throws {
    while let fault = next() { take(try trial.run(under: fault), of: fault) }
  }

  /// With so many at once, each on ground of its own.
  func go(atOnce: Int) {
    let errors = apart(atOnce) { [self] in try go(Trial(Ground(scenario))) }
    for error in errors { complain("\(scenario.name): \(error)") }
  }

  private func next() -> Fault? {
    state.withLock { tally in
      if tally.next == faults.count { return nil }
      tally.next += 1
      return faults[tally.next - 1]
    }
  }

  private func take(_ verdict: Verdict, of fault: Fault) {
    if let complaint = verdict.complaint { complain(complaint) }
    if verdict.end == nil && mustCome(fault) { complain("no such call: \(scenario.name) | \(fault)") }
    state.withLock { tally in
      tally.ends[verdict.end ?? "not met", default: 0] += 1
      if verdict.end != nil { tally.coverage.add(fault, in: scenario) }
    }
  }

  /// Told at once: a scenario may take minutes.
  private func complain(_ words: String) {
    print(words)
    state.withLock { $0.complaints.append(words) }
  }
}
