import ArgumentParser
import KTask
import LinuxSystem
import Testing

@testable import MemoryWork
@testable import ktaskctl

@Suite("The report's messages, warnings and status, of made-up values")
struct ReportMessageTests {
  private static let failure = MemoryError(.failed(.populate, .fault), path: "/m/f").told
  private static let export = Told(export: "/x", .noSpace)

  private static func prefault() throws -> Plan {
    try .files("prefault", Intent(.readyMemory, isReadiness: true, ["/m/f"]))
  }

  @Test("the first failure is the status, then what ended it, then what came after all")
  func status() throws {
    let plan = try Self.prefault()
    func status(_ change: (inout Report) -> Void) -> Status { Report.madeUp(plan, .once(), change).exitStatus }
    #expect(status { _ in } == .done)
    #expect(status { $0.outcome?.wasCancelled = true } == .failed)
    #expect(status { $0.late = [Self.export] } == .failed)
    #expect(status { ($0.end, $0.late) = (.signal(15), [Self.export]) } == .signal(15))
    #expect(status { $0.end = .timeout } == .timedOut)
    #expect(status { ($0.failures, $0.end) = ([Self.failure], .timeout) } == .shortage)
  }

  @Test("COMMAND's statuses say that nothing is left, and are not used where something is")
  func commandStatus() throws {
    let missing = Told(command: "none", .noEntry)
    func status(_ change: (inout Report) -> Void) throws -> Status {
      Report.madeUp(try Self.prefault(), .once()) { report in
        report.late = [missing]
        change(&report)
      }.exitStatus
    }
    #expect(try status { _ in } == .notFound)
    #expect(try status { $0.outcome?.undone = GivenBack() } == .notFound)
    #expect(
      try status { report in
        report.outcome?.undone = GivenBack()
        report.outcome?.undone?.isComplete = false
      } == .failed)
    #expect(try status { $0.outcome?.kept = [Self.export] } == .failed)
  }

  @Test("the first message says what was undone, and the document's entries leave that to `undone`")
  func undone() throws {
    var outcome = Outcome.once()
    outcome.failures = [Self.failure]
    outcome.undone = GivenBack()
    outcome.undone?.bytes = 2 << 20
    let why = "populating failed: no memory left for a page (EFAULT)"
    let report = Report.madeUp(try Self.prefault(), outcome)
    #expect(report.messages.map(\.why) == [why + "; undone, 2 MiB given back"])
    #expect(report.entries.map(\.why) == [why])
    outcome.undone?.isComplete = false
    #expect(
      Report.madeUp(try Self.prefault(), outcome).messages.map(\.why) == [why + "; undone in part, 2 MiB given back"])
    let release = try Plan.files("release", Intent(.freeMemory, isReadiness: false, ["/m/f"]))
    #expect(
      Report.madeUp(release, outcome).messages.map(\.why) == [why + "; what was given back by then is gone"])
  }

  @Test("a run that was ended is a message and an entry, with the undo in both")
  func ended() throws {
    var outcome = Outcome.once()
    outcome.undone = GivenBack()
    let plan = try Plan.files("prefault", Intent(.readyMemory, isReadiness: true, ["/m/a", "/m/b"]), "--timeout", "2s")
    let report = Report.madeUp(plan, outcome) { $0.end = .timeout }
    let why = "timed out after 2.000 s; undone, 0 B given back"
    #expect(report.messages.map(\.lines) == [["ktaskctl: /m/a, /m/b: \(why)"]])
    #expect(report.entries.map(\.why) == [why] && report.entries[0].path == "/m/a")
    #expect(report.entries[0].code == "timed-out" && report.entries[0].exitStatus == .timedOut)
  }

  @Test("of many files the first three are named")
  func subject() {
    #expect(Plan.subject([]) == "anonymous memory")
    #expect(Plan.subject(["a\nb"]) == "a\\nb")
    #expect(Plan.subject(["a", "b", "c", "d"]) == "a, b, c and 1 other file")
    #expect(Plan.subject(["a", "b", "c", "d", "e"]) == "a, b, c and 2 other files")
  }

  @Test("a pool that was not made smaller again is told last, with what helps")
  func kept() throws {
    let kept = KeptPages(raise: PoolRaise(pageSize: 2 << 20, node: 1, pages: 3), total: 8, why: .isRefused(nil))
    let told = kept.failure(in: .root)
    #expect(told.what == "the pool of 2 MiB pages on node 1")
    #expect(told.why == "keeps the 3 pages by which it was raised: the kernel takes them back from nobody")
    #expect(told.remedy?.hasPrefix("echo 5 > /sys/devices/system/node/node1/hugepages/") == true)
    #expect(told.code == "pool-not-given-back" && told.exitStatus == .failed)
    var outcome = Outcome.once()
    (outcome.failures, outcome.kept) = ([Self.failure], [told])
    #expect(Report.madeUp(try Self.prefault(), outcome).messages == [Self.failure, told])
  }

  @Test("fewer threads than planned have a reason, and bounds that showed only on the way are told")
  func shortfall() throws {
    var outcome = Outcome.measured([1, 2])
    let none = Report.madeUp(try .clear(), outcome).warnings
    #expect(none == [])
    for (bound, why) in [
      (Bound(.threadCreation, 1), "the system gave no more"), (Bound(.helperLimit, 1), "others' helpers took the rest"),
      (Bound(.cpuQuota, 1), "cgroup CPU quota"),
    ] {
      (outcome.counts[1].fewest, outcome.counts[1].bound) = (1, bound)
      #expect(Report.madeUp(try .clear(), outcome).warnings == ["2 threads planned, 1 ran: \(why)"])
    }
    outcome.counts[1].fewest = 2
    outcome.counts[1].exceeded = [Bound(.helperLimit, 1)]
    #expect(
      Report.madeUp(try .clear(), outcome).warnings
        == ["more threads than system-wide helper limit allows, which is 1"])
  }

  @Test("transparent huge pages that are not there are told, urgently where they were asked for")
  func transparent() throws {
    func report(_ words: String..., huge: Int) throws -> Report {
      var plan = try Plan.clear()
      plan.words = try Clear.parse(words).words
      plan.alignment = 2 << 20
      var outcome = Outcome.measured([1])
      var found = Verification()
      found.hugeBytes = huge
      outcome.verification = found
      return .madeUp(plan, outcome)
    }
    let half = "only 50.0 % came in transparent huge pages, the rest in base pages"
    #expect(try report(huge: 1 << 29).warnings == [half])
    #expect(try report(huge: 1 << 29).urgentWarnings == [])
    #expect(try report("--page-size", "thp", huge: 1 << 29).urgentWarnings == [half])
    #expect(try report(huge: 1 << 30).warnings == [])
  }

  @Test("what could not be looked at, or may have stayed, is told")
  func doubts() throws {
    var outcome = Outcome.once { $0.unread = [Unreadable("/proc/self/pagemap", .access)] }
    outcome.mayHaveLeft = true
    #expect(
      Report.madeUp(try .clear(counts: [1]), outcome).warnings == [
        "anonymous memory: the kernel does not tell which pages were there before; those made here may have stayed",
        "not looked at afterwards: /proc/self/pagemap cannot be read (EACCES)",
      ])
  }
}
