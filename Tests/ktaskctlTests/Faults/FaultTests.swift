import Foundation
import LinuxSystem
import TestSupport
import Testing

/// A random system call fails, lies or is forbidden, in every command, and so it goes with what a process may find
/// itself in. FAULTS says how many into each scenario, `all`, or `sample`, which are always the same; FAULTS_SEED which, and
/// FAULTS_ONLY, a pattern, in which scenarios. What fails is told as a line, and `make faults FAULTS='that line'` runs it again.
@Suite(
  "Faults", .serialized, .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
  .enabled(if: Injected.isPossible, "needs the right to trace, on x86-64"))
struct FaultTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let wish = environment["FAULTS"] ?? ""
  private static let seed = environment["FAULTS_SEED"].flatMap { Int($0) } ?? 1
  private static let most = wish == "all" ? .max : Int(wish) ?? 8
  private static let isSample = wish == "sample"
  /// Circumstances, of which there are fewer.
  private static let mostCircumstances = most == .max ? .max : (most + 2) / 3
  /// A single one, to be run again.
  private static let line = FaultLine(wish)

  private static let chosen = Scenario.all.indices.filter { index in
    if let line { return Scenario.all[index].name == line.scenario }
    guard let pattern = environment["FAULTS_ONLY"].flatMap({ try? Regex($0) }) else { return true }
    return Scenario.all[index].name.contains(pattern)
  }

  /// Of all scenarios so far.
  private static let sum = Guarded(Coverage())

  @Test(
    "nothing false is said, nothing hangs, and nothing is left that is not told",
    .enabled(if: environment["FAULTS"] != nil, "asked for by FAULTS"), arguments: chosen)
  func survives(index: Int) throws {
    var random = SplitMix64(seed: Self.seed + index)
    let scenario = Scenario.all[index]
    let trial = try Trial(Ground(scenario))
    var coverage = Coverage()
    coverage.add(trial.plain.counts)
    var ends: [String: Int] = [:]
    for fault in Self.faults(in: scenario, trial, &random) {
      let end = try trial.run(under: fault)
      ends[end ?? "not met", default: 0] += 1
      if end == nil {
        Self.tellMissing("\(scenario.name) | \(fault)", mustCome: Self.isSample && Sample.mustCome(fault))
      }
      switch fault {
      case .injection(let injection): coverage.add(injection, in: scenario)
      case .circumstance: coverage.addCircumstance()
      }
    }
    let list = ends.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    print("\(scenario.name): \(list.joined(separator: ", "))")
    Self.sum.withLock { sum in
      sum.add(coverage)
      print("so far: \(sum.sentence)")
    }
  }

  private static func tellMissing(_ line: String, mustCome: Bool) {
    if mustCome { Issue.record("no such call: \(line)") }
    if isSample || Self.line != nil { print("no such call: \(line)") }
  }

  /// A line's, or as many as are wanted, and those that once failed.
  private static func faults(in scenario: Scenario, _ trial: Trial, _ random: inout SplitMix64) -> [Fault] {
    if let line { return [line.fault] }
    let known = OnceFailed.lines.compactMap(FaultLine.init).filter { $0.scenario == scenario.name }
    if isSample { return (Sample.lines.filter { $0.scenario == scenario.name } + known).map(\.fault) }
    let injections = Injection.some(most, of: Injection.all(trial.plain.counts, &random), &random)
    let circumstances = Circumstance.all.shuffled(using: &random).prefix(mostCircumstances)
    return injections.map(Fault.injection) + circumstances.map(Fault.circumstance) + known.map(\.fault)
  }

  @Test("a line means what it was made of")
  func linesAreRead() throws {
    #expect(Set(Scenario.all.map(\.name)).count == Scenario.all.count)
    #expect(Set(Circumstance.all.map(\.name)).count == Circumstance.all.count)
    for text in ["clear 4K | fail mmap ENOMEM 3+", "exec | signal TERM 17", "topology | RLIMIT nofile 5"]
      + OnceFailed.lines + Sample.text
    {
      let line = try #require(FaultLine(text), "\(text)")
      #expect("\(line.scenario) | \(line.fault)" == text)
      #expect(Scenario.all.contains { $0.name == line.scenario } || line.scenario == "run", "\(text)")
    }
    #expect(FaultLine("200") == nil && FaultLine("clear 4K | fail mmap") == nil)
  }

  @Test("the sample has every scenario, every error, and signals and circumstances")
  func sampleIsOfAll() {
    let sampled = Set(Sample.lines.map(\.scenario))
    #expect(Scenario.all.map(\.name).filter { !sampled.contains($0) } == [])
    let results = Sample.lines.compactMap { $0.injection?.result }
    #expect(Injection.allResults.subtracting(results) == [])
    let calls = Sample.lines.compactMap(\.injection).filter { !$0.isSignal }
    #expect(calls.filter { !Injection.results($0.call).contains($0.result) }.map(\.description) == [])
    #expect(Sample.lines.contains { $0.injection == nil } && results.contains("TERM"))
  }
}

/// What goes wrong in one run.
enum Fault: CustomStringConvertible {
  case injection(Injection)
  case circumstance(Circumstance)

  var description: String {
    switch self {
    case .injection(let injection): "\(injection)"
    case .circumstance(let circumstance): circumstance.name
    }
  }
}

/// A scenario and what goes wrong in it: `verify tmpfs zeros | fail mmap ENOMEM 4`.
struct FaultLine {
  var scenario: String
  var fault: Fault
  var injection: Injection? { if case .injection(let injection) = fault { injection } else { nil } }

  init?(_ text: String) {
    let parts = text.split(separator: " | ", maxSplits: 1)
    if parts.count < 2 { return nil }
    scenario = String(parts[0])
    if let injection = Injection(parts[1]) {
      fault = .injection(injection)
    } else if let circumstance = Circumstance.all.first(where: { $0.name == parts[1] }) {
      fault = .circumstance(circumstance)
    } else {
      return nil
    }
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

  /// How it ended; nil: nothing went wrong, since no such call was made.
  func run(under fault: Fault) throws -> String? {
    switch fault {
    case .injection(let injection):
      let bearing = Aftermath.Bearing(isStopped: injection.isSignal, isMute: injection.isMute)
      return try run(injection.words, [], bearing, "\(fault)")
    case .circumstance(let one):
      let bearing = Aftermath.Bearing(isMute: one.isMute, changes: one.changes)
      return try run(one.injector, one.words, bearing, "\(fault)")
    }
  }

  private func run(
    _ injector: [String], _ wrapper: [String], _ bearing: Aftermath.Bearing, _ name: String
  ) throws -> String? {
    try ground.remake()
    let before = ground.state()
    let run = try Injected(injector, wrapper + [BuiltProgram.path] + ground.words, report: ground.report)
    if run.seconds > 5 { print("slow: \(ground.scenario.name) | \(name) | \(run.place) | \(run.seconds) s") }
    if ["fail", "signal"].contains(injector[0]), run.injections == 0 { return nil }
    let wrong = Aftermath(ground.scenario, run, plain: plain, bearing, before, ground.state()).complaints
    if !wrong.isEmpty {
      Issue.record(
        "make faults FAULTS='\(ground.scenario.name) | \(name)'\n\(run.end) at \(run.place)\n\(wrong)\n\(run.err)")
    }
    return "\(run.end)"
  }
}
