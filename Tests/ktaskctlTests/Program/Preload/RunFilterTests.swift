import Foundation
import Testing

private let size = Preloaded.bytes

extension ProgramTests {
  @Suite("ktaskctl run: processes with seccomp filters", .enabled(if: Preloaded.isBuilt, Preloaded.need))
  struct RunFilterTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private func expectFiltered(_ scenario: CallScenario) throws {
      try scenario.compare(scratch)
      #expect(try Preloaded.report(scratch.file("report.json")).until == "seccomp filter")
    }

    @Test(
      "are left alone behind their own, and live: nothing is called there that they do not call themselves",
      arguments: [
        CallScenario("sandboxed prctl"), CallScenario("sandboxed syscall"),
        CallScenario("sandboxed-strictly", parallel: size),
      ])
    func own(scenario: CallScenario) throws { try expectFiltered(scenario) }

    @Test("say so in the text, too")
    func text() throws {
      let ended = try Preloaded.run(["sandboxed-strictly"], ["-v"])
      let last = ended.err.split(separator: "\n").last
      #expect(last == "  what comes after it asked for a seccomp filter is the kernel's, and not told", "\(ended.err)")
    }

    @Test(
      "of which they have none are not: it was refused, or is that of a child that shares their memory",
      arguments: ["filter-refused", "filter-in-vfork"])
    func none(scenario: String) throws {
      try CallScenario(scenario, parallel: size).compare(scratch)
      #expect(try Preloaded.report(scratch.file("report.json")).until == nil)
    }

    /// What is told on standard output, among the program's own words.
    private func document(in output: String) -> String {
      let all = output.drop { $0 != "{" }
      return String(all[...(all.lastIndex(of: "}") ?? all.startIndex)])
    }

    @Test(
      "that may not have one tell all of their calls, once",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func forbidden() throws {
      let ended = try Preloaded.run(["sandboxed-unasked"], ["--report", "json"], under: Host.ordinaryUser)
      let report = try Preloaded.report(text: document(in: ended.out))
      #expect(report.until == nil && report.calls.map(\.parallelBytes) == [size, size], "\(ended.out)\(ended.err)")
    }

    @Test("whose filter is refused after a stream was told of it are left alone from there on")
    func toldInVain() throws {
      let ended = try Preloaded.run(["filter-refused"], ["--report", "json", "-v"])
      #expect(ended.err.components(separatedBy: "ktaskctl run: ").count == 2, "\(ended.err)")
      let report = try Preloaded.report(text: document(in: ended.out))
      #expect(report.until == "seccomp filter" && report.calls.isEmpty, "\(ended.out)")
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

    @Test("are known however much else there is to be told of them", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func longStatus() throws { try CallScenario("many-groups", parallel: size).compare(scratch) }

    @Test("are not held to have any where that cannot be read", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func unknown() throws {
      let ended = try Preloaded.run(["without-proc", scratch.path], ["-v"])
      #expect(ended.status == 0)
      let why = "whether it has a seccomp filter is not known"
      #expect(ended.err.hasSuffix("; left to the kernel: \(why)\n"), "\(ended.err)")
    }
  }
}
