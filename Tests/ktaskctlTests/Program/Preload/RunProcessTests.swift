import Foundation
@unsafe @preconcurrency import Glibc
import Testing

private let size = Preloaded.bytes

extension ProgramTests {
  @Suite("ktaskctl run: processes", .enabled(if: Preloaded.isBuilt, Preloaded.need))
  struct RunProcessTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("that have installed a seccomp filter are left alone, and live", arguments: ["prctl", "syscall"])
    func sandboxed(by call: String) throws {
      try CallScenario("sandboxed \(call)", left: "seccomp filter").compare(scratch)
    }

    @Test("that began with a filter are not, since it is not theirs")
    func filteredBefore() throws {
      // a filter that allows everything, installed by who starts ktaskctl
      let install = """
        import ctypes, os, struct, sys
        rules = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000), 8)
        class Program(ctypes.Structure): _fields_ = [("length", ctypes.c_ushort), ("rules", ctypes.c_void_p)]
        libc = ctypes.CDLL(None)
        assert libc.prctl(38, 1, 0, 0, 0) == 0
        assert libc.prctl(22, 2, ctypes.byref(Program(1, ctypes.addressof(rules)))) == 0
        os.execvp(sys.argv[1], sys.argv[1:])
        """
      if !Host.has("python3") { try Test.cancel("needs python3") }
      if !Host.text("/proc/self/status").contains("Seccomp_filters:") { try Test.cancel("needs Linux 5.10") }
      let report = scratch.file("report.json")
      let ended = try Preloaded.run(["populate-private"], ["--report", report], under: ["python3", "-c", install])
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try Preloaded.report(report).calls.map(\.parallelBytes) == [size])
    }

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
      #expect(under.status == 0 && under.out == alone.out)
    }

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
      let names = ["environment", "LD_PRELOAD", "KTASK_RUN", "KTASK_RUN_REPORT", "KTASK_RUN_PRELOAD"]
      let report = ["--report", scratch.file("report.json")]
      let none = "LD_PRELOAD=(none)\nKTASK_RUN=(none)\nKTASK_RUN_REPORT=(none)\nKTASK_RUN_PRELOAD=(none)\n"
      #expect(try Preloaded.run(names, ["--no-children"] + report).out == none)
      let before = try Preloaded.run(names, ["--no-children"] + report, under: ["env", "LD_PRELOAD=libm.so.6"])
      #expect(before.out == none.replacing("LD_PRELOAD=(none)", with: "LD_PRELOAD=libm.so.6"))
      let both = try Preloaded.run(["environment", "LD_PRELOAD"], under: ["env", "LD_PRELOAD=libm.so.6"])
      #expect(both.out.hasSuffix("/libktask-run.so:libm.so.6\n"))
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
