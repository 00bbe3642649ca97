import KTask
import LinuxSystem
import Testing

@testable import MemoryWork
@testable import ktaskctl

@Suite("What the report claims of speed and of proof, of made-up values")
struct KneeTextTests {
  @Test("the knee is told where it is less than the threads, and drawn where more is to be told")
  func knee() throws {
    var outcome = Outcome.measured([4])
    outcome.counts[0].knees = [2, 3, 2]
    outcome.counts[0].steps = [(4, 4), (1, 2), (2, 4)].map {
      KneeSample(threads: $0.0, units: $0.1 << 30, nanoseconds: 1_000_000_000)
    }
    var plan = try Plan.clear(counts: [4])
    plan.threadRequest = .automatic
    let report = Report.madeUp(plan, outcome)
    #expect(report.text(TextStyle()).hasSuffix("\n4 threads: 2 of them are enough (bandwidth knee)\n"))
    #expect(
      report.kneeLines(TextStyle()) == [
        "knee: 2 threads; what was measured on the way:",
        "  4 4.00 GiB/s " + String(repeating: "#", count: 40),
        "  1 2.00 GiB/s " + String(repeating: "#", count: 20),
        "  2 4.00 GiB/s " + String(repeating: "#", count: 40),
      ])
    #expect(report.document.plan?.bounds.last == .init(what: "bandwidth knee", threads: 2))
    #expect(report.results[0].knee == 2)
    #expect(report.results[0].steps?.last == .init(threads: 2, bytesPerSecond: 0x1p32))
    outcome.counts[0].knees = [4]
    let all = Report.madeUp(plan, outcome)
    #expect(!all.text(TextStyle()).contains("enough"))
    #expect(all.document.plan?.bounds.contains { $0.what == "bandwidth knee" } == false)
    outcome.counts[0].knees = []
    #expect(Report.madeUp(plan, outcome).results[0].steps == nil)
  }

  @Test("what was not to be proven is not claimed")
  func proof() throws {
    let seen = { (what: String, found: Verification?) in
      var outcome = Outcome.measured([1])
      outcome.verification = found
      return Report.madeUp(try Plan.clear("--verify", what, counts: [1]), outcome)
    }
    var there = Verification()
    there.residentBytes = 1 << 30
    let residency = try seen("residency", there)
    #expect(residency.text(TextStyle()).hasSuffix("\nverified: 1 GiB resident, contents not looked at\n"))
    #expect(residency.document.verified?.zero == nil)
    let none = try seen("none", nil)
    #expect(none.text(TextStyle()).hasSuffix("\nnot verified, as was asked for\n"))
    #expect(none.document.verified == nil && none.document.request?.verify == "none")
    #expect(none.results[0].command.contains("--verify none"))
    #expect(try seen("full", there).document.request?.verify == nil)
  }
}
