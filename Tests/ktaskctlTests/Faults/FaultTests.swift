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
    "so many are to be tried",
    .enabled(if: wish == "all" && environment["FAULTS_ONLY"] == nil, "asked for by FAULTS=all"))
  func plan() throws {
    var (coverage, runs) = (Coverage(), 0)
    for index in Self.chosen {
      let trial = try Trial(Ground(Scenario.all[index]))
      coverage.add(trial.plain.counts)
      runs += Self.faults(at: index, trial).count
    }
    print("\(runs) runs in \(Self.chosen.count) scenarios: \(coverage.sentence)")
  }

  @Test(
    "nothing false is said, nothing hangs, and nothing is left that is not told",
    .enabled(if: environment["FAULTS"] != nil, "asked for by FAULTS"), arguments: chosen)
  func survives(index: Int) throws {
    let scenario = Scenario.all[index]
    let trial = try Trial(Ground(scenario))
    let faults = Self.faults(at: index, trial)
    let attempts = Attempts(scenario, faults) { Self.isSample && Sample.mustCome($0) }
    // for few no other ground is worth its while
    if faults.count < 100 { try attempts.go(trial) } else { attempts.go(atOnce: scenario.usesPool ? 1 : 2) }
    let tally = attempts.tally
    for complaint in tally.complaints { Issue.record("\(complaint)") }
    let list = tally.ends.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    print("\(scenario.name): \(list.joined(separator: ", "))")
    Self.sum.withLock { sum in
      sum.add(trial.plain.counts)
      sum.add(tally.coverage)
      print("so far: \(sum.sentence)")
    }
  }

  /// A line's, or as many as are wanted, and those that once failed.
  private static func faults(at index: Int, _ trial: Trial) -> [Fault] {
    if let line { return [line.fault] }
    var random = SplitMix64(seed: seed + index)
    let scenario = Scenario.all[index]
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
