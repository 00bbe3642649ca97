import Foundation
import TestSupport
import Testing

/// A random system call fails, lies or is forbidden, in every command, and so it goes with what a process may find
/// itself in. FAULTS says how many into each scenario, or `all`; FAULTS_SEED which, and FAULTS_ONLY, a pattern, in which
/// scenarios.
@Suite(
  "Faults", .serialized, .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
  .enabled(if: Injected.isPossible, "needs the right to trace, on x86-64"),
  .enabled(if: ProcessInfo.processInfo.environment["FAULTS"] != nil, "asked for by FAULTS"))
struct FaultTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seed = environment["FAULTS_SEED"].flatMap { Int($0) } ?? 1
  private static let most = environment["FAULTS"] == "all" ? .max : environment["FAULTS"].flatMap { Int($0) } ?? 8
  /// Circumstances, of which there are fewer.
  private static let mostCircumstances = most == .max ? .max : (most + 2) / 3

  private static let chosen = Scenario.all.indices.filter { index in
    guard let pattern = environment["FAULTS_ONLY"].flatMap({ try? Regex($0) }) else { return true }
    return Scenario.all[index].name.contains(pattern)
  }

  @Test("nothing false is said, nothing hangs, and nothing is left that is not told", arguments: chosen)
  func survives(index: Int) throws {
    var random = SplitMix64(seed: Self.seed + index)
    let scenario = Scenario.all[index]
    let ground = try Ground(scenario)
    let trial = try Trial(ground)
    let all = Injection.all(trial.plain.counts, &random)
    var ends: [String: Int] = [:]
    for injection in Injection.some(Self.most, of: all, &random) {
      ends[try trial.run(under: injection), default: 0] += 1
    }
    for circumstance in Circumstance.all.shuffled(using: &random).prefix(Self.mostCircumstances) {
      ends[try trial.run(under: circumstance), default: 0] += 1
    }
    let list = ends.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    print("\(scenario.name): \(list.joined(separator: ", "))")
  }
}

/// A scenario, run again and again in one place.
struct Trial {
  let ground: Ground
  /// Where nothing fails.
  let plain: Injected

  init(_ ground: Ground) throws {
    self.ground = ground
    try ground.remake()
    let before = ground.state()
    plain = try Injected(["count"], [BuiltProgram.path] + ground.words, report: ground.report)
    try #require(plain.end == .exit(ground.scenario.status), "without any failure: \(plain.end) \(plain.err)")
    let wrong = Aftermath(ground.scenario, plain, plain: plain, .init(), before, ground.state()).complaints
    try #require(wrong.isEmpty, "without any failure: \(wrong) \(plain.err)")
  }

  /// How it ended.
  func run(under injection: Injection) throws -> String {
    let bearing = Aftermath.Bearing(isStopped: injection.isSignal, isMute: injection.isMute)
    return try run(injection.words, [], bearing, "\(injection)")
  }

  func run(under circumstance: Circumstance) throws -> String {
    let bearing = Aftermath.Bearing(isMute: circumstance.isMute, changes: circumstance.changes)
    return try run(circumstance.injector, circumstance.words, bearing, circumstance.name)
  }

  private func run(
    _ injector: [String], _ wrapper: [String], _ bearing: Aftermath.Bearing, _ name: String
  ) throws -> String {
    try ground.remake()
    let before = ground.state()
    let run = try Injected(injector, wrapper + [BuiltProgram.path] + ground.words, report: ground.report)
    if run.seconds > 5 { print("slow: \(ground.scenario.name) | \(name) | \(run.place) | \(run.seconds) s") }
    if ["fail", "signal"].contains(injector[0]), run.injections == 0 { return "not met" }
    let wrong = Aftermath(ground.scenario, run, plain: plain, bearing, before, ground.state()).complaints
    if !wrong.isEmpty { Issue.record("\(ground.scenario.name) | \(name) | \(run.place) | \(wrong) | \(run.err)") }
    return "\(run.end)"
  }
}
