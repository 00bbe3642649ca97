import Foundation
import Testing

/// A random system call fails, lies or is forbidden, in every command. FAULTS says how many into each scenario, or
/// `all`; FAULTS_SEED which, and FAULTS_ONLY in which scenarios.
@Suite(
  "Injected failures", .serialized, .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
  .enabled(if: Injected.isPossible, "needs the right to trace"),
  .enabled(if: ProcessInfo.processInfo.environment["FAULTS"] != nil, "asked for by FAULTS"))
struct FaultTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seed = environment["FAULTS_SEED"].flatMap { Int($0) } ?? 1
  private static let most = environment["FAULTS"] == "all" ? .max : environment["FAULTS"].flatMap { Int($0) } ?? 40

  private static let chosen = Scenario.all.filter { scenario in
    guard let pattern = environment["FAULTS_ONLY"].flatMap({ try? Regex($0) }) else { return true }
    return scenario.name.contains(pattern)
  }

  @Test("nothing false is said, nothing hangs, and nothing is left that is not told", arguments: chosen)
  func survives(scenario: Scenario) throws {
    let ground = try Ground(scenario)
    try ground.remake()
    let before = ground.state()
    let plain = try Injected(["count"], ground.words, report: ground.report)
    let after = ground.state()
    try #require(plain.end == .exit(scenario.status), "without any failure: \(plain.end) \(plain.err)")
    let wrong = Aftermath(scenario, plain, plain: plain, nil, before, after).complaints
    try #require(wrong.isEmpty, "without any failure: \(wrong) \(plain.err)")

    var random = SplitMix64(seed: Self.seed)
    let all = Injection.all(plain.counts, &random)
    var ends: [String: Int] = [:]
    for injection in Injection.some(Self.most, of: all, &random) {
      let end = try inject(injection, ground, plain)
      ends[end, default: 0] += 1
    }
    print(
      "\(scenario.name): \(ends.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))")
  }

  /// How it ended.
  private func inject(_ injection: Injection, _ ground: Ground, _ plain: Injected) throws -> String {
    try ground.remake()
    let before = ground.state()
    let run = try Injected(injection.words, ground.words, report: ground.report)
    if run.injections == 0 { return "not met" }
    let wrong = Aftermath(ground.scenario, run, plain: plain, injection, before, ground.state()).complaints
    if !wrong.isEmpty {
      Issue.record("\(ground.scenario.name) | \(injection) | \(run.place) | \(wrong) | \(run.err)")
    }
    return "\(run.end)"
  }
}
