import ArgumentParser
import KTask
import LinuxSystem

@testable import MemoryWork
@testable import ktaskctl

// Values that no machine had a part in.

// the tests have a `Failure`, Testing an `ExitStatus`
typealias Told = ktaskctl.Failure
typealias Status = ktaskctl.ExitStatus

extension Surroundings {
  static let root = Surroundings(isRoot: true, mayRaiseLimits: true, mayAdminister: true)
}

extension MemoryError {
  /// As root is told it on a machine of which nothing else is known.
  var told: Told { failure(FailureFacts(here: .root)) }
}

extension Plan {
  /// Clears 1 GiB of anonymous memory in base pages with `counts` threads, three runs each and one before.
  static func clear(_ words: String..., counts: [Int] = [1, 2]) throws -> Plan {
    Plan(
      command: "clear", words: try Clear.parse(["--size", "1G"] + words).words,
      intent: Intent(.figures, isReadiness: true), bytes: 1 << 30, pageSize: 4096, alignment: 4096, method: .populate,
      nodeTasks: [Span(region: 0, range: 0..<1 << 30)], threadCounts: counts, runs: 3, warmup: 1,
      chunkBytes: 128 << 20, helpers: .madeUp)
  }

  /// Does what `intent` says with files of 4 MiB each.
  static func files(_ command: String, _ intent: Intent, _ words: String...) throws -> Plan {
    let files = intent.paths.map {
      PlannedFile(
        path: $0, bytes: 4 << 20, residentBefore: 1 << 20, sizeBefore: 4 << 20, pageSize: 4096, part: 0..<4 << 20)
    }
    return Plan(
      command: command, words: try Clear.parse(words).words, intent: intent, bytes: files.count * 4 << 20,
      pageSize: 4096, alignment: 2 << 20, method: intent.makesPages ? .populate : nil,
      nodeTasks: files.indices.map { Span(region: $0, range: 0..<4 << 20) }, files: files,
      threadRequest: .automatic, chunkBytes: 128 << 20, helpers: .madeUp)
  }
}

extension HelperRules {
  static let madeUp = HelperRules(nice: 19, tail: .lends, limit: 3, left: 2, isMachineWide: true)
}

extension Outcome {
  /// Half a second with one thread, a quarter with two: no run differs from another.
  static func measured(_ counts: [Int] = [1, 2]) -> Outcome {
    Outcome(
      counts: counts.map { count in
        let seconds = 0.5 / Double(count)
        return Outcome.Count(
          threads: count, times: [seconds, seconds, seconds],
          usages: Array(repeating: ResourceUsage(userSeconds: 0.25, systemSeconds: 0.5), count: 3), fewest: count)
      })
  }

  /// One run of all of it.
  static func once(_ change: (inout Verification) -> Void = { _ in }) -> Outcome {
    var found = Verification()
    change(&found)
    return Outcome(counts: [Outcome.Count(threads: 1, times: [0.5], fewest: 1)], verification: found)
  }
}

extension Report {
  /// Of process 4711, with all that a test changes.
  static func madeUp(_ plan: Plan, _ outcome: Outcome? = nil, _ change: (inout Report) -> Void = { _ in }) -> Report {
    var report = Report(plan, process: 4711)
    report.outcome = outcome
    report.failures = outcome?.failures ?? []
    change(&report)
    return report
  }
}
