import Foundation
@unsafe @preconcurrency import Glibc
import Testing

private let size = Preloaded.bytes

extension ProgramTests {
  @Suite("ktaskctl run: processes", .enabled(if: Preloaded.isBuilt, Preloaded.need))
  struct RunProcessTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("that are forked have reports of their own")
    func forked() throws {
      try CallScenario("fork", parallel: size).compare(scratch)
      let reports = try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter {
        $0.hasPrefix("report.json.")
      }
      #expect(reports.count == 1)
      let child = try Preloaded.report(scratch.file(try #require(reports.first)))
      #expect(child.calls.map(\.parallelBytes) == [size])
      #expect(reports == ["report.json.\(child.process)"])
    }

    @Test("that share their parent's memory are left alone, and the parent is not")
    func vfork() throws { try CallScenario("vfork", parallel: size).compare(scratch) }

    @Test("that become another program have that one's calls made parallel")
    func executed() throws {
      try CallScenario("exec \(Preloaded.caller) populate-private", parallel: size).compare(scratch)
    }

    @Test("with many threads have the calls of each made")
    func threads() throws {
      let alone = try Preloaded.alone(["threads"])
      let under = try Preloaded.run(["threads"])
      #expect(under.status == 0 && Self.pages(under) == Self.pages(alone), "\(under.out)")
    }

    /// Without what is told of whole mappings: two that lie side by side become one where the second comes before the first has
    /// pages, which are the same all the same.
    private static func pages(_ ended: Ended) -> [Substring] {
      let ofMappings = ["mapping=", "Pss_Dirty:", "Private_Dirty:"]
      return ended.out.split(separator: "\n").filter { line in !ofMappings.contains { line.hasPrefix($0) } }
    }

    @Test("with a thread of the smallest stack have its call left alone")
    func smallStack() throws { try CallScenario("small-stack", left: "little stack").compare(scratch) }

    @Test("with a coroutine of the first thread have its call left alone")
    func coroutine() throws { try CallScenario("coroutine", left: "little stack").compare(scratch) }

    @Test("that make large calls at once have helpers for the CPUs that are left, unless a number was asked for")
    func simultaneous() throws {
      let words = ["advise-meanwhile"]
      let alone = try Preloaded.alone(words)
      if alone.status == 77 { try Test.cancel("needs userfaultfd: \(alone.out)") }
      let report = scratch.file("report.json")
      let two = try Preloaded.onTwoCPUs()
      let under = try start(["run", "--report", report, "--", Preloaded.caller] + words, under: two).end()
      #expect(under.status == 0 && under.out == alone.out, "\(under.err)")
      // the second call ends first
      let calls = try Preloaded.report(report).calls
      #expect(calls.map(\.parallelBytes) == [0, size], "\(calls)")
      #expect(calls.first?.left == "no helper: other large calls of the program have the CPUs")
      _ = try Preloaded.run(words, ["--report", report], under: two)
      #expect(try Preloaded.report(report).calls.map(\.threads) == [2, 2])
    }

    @Test("that make large calls at once need not wait for one whose pages come from one thread")
    func parts() throws {
      if !Host.canTrace { try Test.cancel("\(Host.needsTrace)") }
      let log = scratch.file("log")
      let traced = try Preloaded.onTwoCPUs() + ["strace", "-f", "-qq", "-o", log, "-e", "trace=madvise"]
      _ = try start(["run", "--", Preloaded.caller, "advise-meanwhile"], under: traced).end()
      // of the thread that the program began with
      let lines = Host.text(log).split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
      let calls = lines.filter { $0.first == lines[0].first }.map { "\($0.last ?? "")" }
      #expect(calls.filter { $0.contains(" 33554432, ") }.count == 3, "\(calls)")
      #expect(!calls.contains { $0.contains(" \(size), ") }, "\(calls)")
    }

    @Test(
      "of which one is forked by a signal's handler, or a thread is cancelled, in the midst of a call go on as they would",
      arguments: [
        CallScenario("forked-by-handler", parallel: size), CallScenario("cancelled", parallel: size, size),
      ])
    func interrupted(scenario: CallScenario) throws { try scenario.compare(scratch) }

    @Test("that a signal ends in the midst of a call have ended by it")
    func endedBySignal() throws {
      let status = try Preloaded.run(["ended-by-signal"], ["--report", scratch.file("report.json")]).status
      #expect(status == -SIGALRM && Host.text(scratch.file("report.json")) == "")
    }

    @Test("that close all descriptors in the midst of a call keep those that get the numbers")
    func numbers() throws {
      let words = ["numbers-taken", scratch.file("own")]
      let alone = try Preloaded.alone(words)
      if alone.status == 77 { try Test.cancel("needs userfaultfd: \(alone.out)") }
      let report = scratch.file("report.json")
      let under = try Preloaded.run(words, ["--report", report])
      #expect(under.out == alone.out && under.out.contains("kept=8"), "\(under.out)")
      #expect(try Preloaded.report(report).calls.map(\.parallelBytes) == [size])
    }

    @Test("that write their title over their environment are reported where it was asked for")
    func titled() throws { try CallScenario("titled", parallel: size).compare(scratch) }

    @Test("end as they would have ended", arguments: [("exit", 7), ("_exit", 8), ("signal", SIGKILL)])
    func end(how: String, number: Int32) throws {
      let report = scratch.file("report.json")
      let words = ["exit", how, "\(number)"]
      #expect(try Preloaded.run(words, ["--report", report]).status == Preloaded.alone(words).status)
      if how == "signal" {
        #expect(Host.text(report) == "", "who is killed reports nothing")
      } else {
        #expect(try Preloaded.report(report).calls.count == 1)
      }
    }

    @Test("are the one that ktaskctl was: signals, descriptors and the environment are theirs")
    func replaced() throws {
      let child = try start(["run", "--", "sh", "-c", "echo $$; exec sleep infinity"])
      child.wait { Host.text("/proc/\(child.pid)/comm") == "sleep" }
      child.send(SIGKILL)
      let ended = child.end()
      #expect(ended.status == -SIGKILL && ended.out == "\(child.pid)\n")
      let plain = try tool("sh", "-c", "ls /proc/self/fd; grep ^Sig /proc/self/status; env | grep -v ^KTASK_ | sort")
      let under = try ktaskctl(
        "run", "--", "sh", "-c", "ls /proc/self/fd; grep ^Sig /proc/self/status; env | grep -v ^KTASK_ | sort")
      let ours = under.out.split(separator: "\n").filter { !$0.hasPrefix("LD_PRELOAD=") }
      #expect(ours == plain.split(separator: "\n").filter { !$0.hasPrefix("LD_PRELOAD=") })
    }

    @Test("what they start finds the environment as it was, with --no-children")
    func children() throws {
      let names = ["LD_PRELOAD", "KTASK_RUN", "KTASK_RUN_REPORT"]
      let all = ["environment"] + names + names.map { "KTASK_RUN_BEFORE_" + $0 }
      let report = ["--report", scratch.file("report.json")]
      let none = all.dropFirst().map { $0 + "=(none)\n" }.joined()
      #expect(try Preloaded.run(all, ["--no-children"] + report).out == none)
      let before = try Preloaded.run(all, ["--no-children"] + report, under: ["env", "LD_PRELOAD=libm.so.6"])
      #expect(before.out == none.replacing(/^LD_PRELOAD=\(none\)/, with: "LD_PRELOAD=libm.so.6"))
      let outer = try start(["run"] + report + ["--", Preloaded.caller] + all).end().out
      let inner = [BuiltProgram.path, "run", "--no-children", "--", Preloaded.caller] + all
      let under = try start(["run"] + report + ["--"] + inner).end().out
      func withoutProcess(_ text: String) -> String { text.replacing(/pid=\d+/, with: "pid=") }
      #expect(outer.contains("KTASK_RUN=version=") && withoutProcess(under) == withoutProcess(outer), "\(under)")
      let both = try Preloaded.run(["environment", "LD_PRELOAD"], under: ["env", "LD_PRELOAD=libm.so.6"])
      #expect(both.out.hasSuffix("/libktask-run.so:libm.so.6\n"))
      // names are bytes; the loader complains of what is not there
      let odd = ["sh", "-c", #"LD_PRELOAD=$(printf '/\377') exec "$@""#, "sh"]
      let words = ["sh", "-c", #"printf %s "$LD_PRELOAD" | tail -c 1 | od -An -tx1"#]
      #expect(try start(["run", "--"] + words, under: odd).end().out == " ff\n")
      #expect(try Preloaded.run(["populate-private"], ["--no-children"] + report).status == 0)
      #expect(try Preloaded.report(scratch.file("report.json")).calls.map(\.parallelBytes) == [size])
    }

    @Test("that put a file of their own under the stream's number find nothing of a report in it")
    func otherDescriptor() throws {
      let file = scratch.file("own")
      for report in ["-", "json"] {
        _ = try Preloaded.run(["descriptors-closed", file], ["-v", "--report", report])
        #expect(Host.text(file) == "")
      }
    }
  }
}
