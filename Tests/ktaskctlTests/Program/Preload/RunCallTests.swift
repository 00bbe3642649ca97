import Foundation
import Testing

private let size = Preloaded.bytes

extension ProgramTests {
  @Suite("ktaskctl run: each call", .enabled(if: Preloaded.isBuilt, Preloaded.need))
  struct RunCallTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "comes to what it comes to alone: result, errno, pages, flags, dirty pages",
      arguments: [
        CallScenario("populate-private", parallel: size), CallScenario("populate-shared", parallel: size),
        CallScenario("populate-read-only", parallel: size), CallScenario("populate-none"),
        CallScenario("populate-write-only"),
        CallScenario("populate-nonblock"), CallScenario("populate-uneven", parallel: size + 4 * 4096),
        CallScenario("populate-too-large", left: "refused"),
        CallScenario("populate-bad-file", left: "is of no file"),
        CallScenario("populate-locked", parallel: size), CallScenario("populate-locked-beyond-limit", left: "refused"),
        CallScenario("populate-fixed", parallel: size), CallScenario("populate-little-address-space", left: "refused"),
        CallScenario("syscall", parallel: size, size), CallScenario("advise-write", parallel: size),
        CallScenario("advise-read", parallel: size), CallScenario("advise-read-only", left: "may not be read"),
        CallScenario("advise-uneven", left: "refused"), CallScenario("advise-hole", left: "not all of it is mapped"),
        CallScenario("advise-protected", left: "may not be read"), CallScenario("advise-itself", parallel: size),
      ])
    func mapping(scenario: CallScenario) throws { try scenario.compare(scratch) }

    @Test(
      "comes to the same of locks, too",
      arguments: [
        CallScenario("lock", parallel: size), CallScenario("lock-shared", parallel: size),
        CallScenario("lock-read-only", parallel: size), CallScenario("lock-uneven", parallel: size - 2 * 4096),
        CallScenario("lock-hole", left: "refused"), CallScenario("lock-untouchable-part", parallel: size),
        CallScenario("lock-on-fault", parallel: size), CallScenario("lock-all-now", parallel: 2 * size),
        CallScenario("lock-all-future", parallel: size), CallScenario("lock-all-both", parallel: 2 * size, size),
        CallScenario("lock-all-on-fault"), CallScenario("lock-all-wrong"), CallScenario("lock-future-child"),
      ])
    func locking(scenario: CallScenario) throws { try scenario.compare(scratch) }

    @Test(
      "is refused as the kernel refuses it, before a page is touched",
      arguments: [
        CallScenario("lock-beyond-limit", left: "refused"), CallScenario("lock-not-at-all", left: "refused"),
        CallScenario("lock-all-beyond-limit", left: "the limit for locked memory"),
        CallScenario("lock-future-beyond-limit", left: "the limit for locked memory"),
      ])
    func limits(scenario: CallScenario) throws { try scenario.compare(scratch) }

    @Test(
      "of all there is, or of what comes, succeeds where the limit has room for that, and for nothing of ktaskctl's",
      arguments: ["lock-all-near-limit", "lock-future-near-limit"])
    func nearLimit(scenario: String) throws {
      let alone = try Preloaded.alone([scenario])
      let under = try Preloaded.run([scenario], ["--least", "1M", "-v"])
      #expect(under.out == alone.out)
      #expect(under.err.hasSuffix("; left to the kernel: the limit for locked memory may refuse it\n"), "\(under.err)")
    }

    @Test(
      "comes to the same where nothing can be allocated",
      arguments: [
        CallScenario("lock-without-heap", [0, 0], left: ["no memory", "no memory"]),
        CallScenario("lock-without-heap warm", [size, 0, 0], left: [nil, "no memory", "no memory"]),
      ])
    func withoutHeap(scenario: CallScenario) throws { try scenario.compare(scratch) }

    @Test("has helpers whose stacks are small: they are locked with what is, and address space")
    func stacks() throws {
      if !Host.canTrace { try Test.cancel("\(Host.needsTrace)") }
      let log = scratch.file("log")
      _ = try Preloaded.run(["lock"], under: ["strace", "-f", "-qq", "-o", log, "-e", "trace=mmap"])
      let stacks = Host.text(log).split(separator: "\n").filter { $0.contains("MAP_STACK") }
      let sizes = stacks.compactMap { $0.firstMatch(of: #/NULL, (\d+)/#).flatMap { Int($0.1) } }
      #expect(!sizes.isEmpty && sizes.allSatisfy { $0 <= 1 << 20 }, "\(stacks)")
    }

    @Test("of what is no regular file is the kernel's")
    func device() throws {
      try CallScenario("populate-file /dev/zero private rw", left: "its file is not a regular one").compare(scratch)
    }

    @Test(
      "of a file makes its pages and no more, and none of them dirty",
      arguments: [
        CallScenario("populate-file FILE shared rw", parallel: size),
        CallScenario("populate-file FILE shared r", parallel: size),
        CallScenario("populate-file FILE private rw", parallel: size),
        CallScenario("lock-file FILE shared rw", parallel: size),
        CallScenario("lock-file FILE shared r", parallel: size),
        CallScenario("lock-file FILE private rw", parallel: size),
        CallScenario("lock-file FILE private r", parallel: size), CallScenario("advise-file FILE read", parallel: size),
        CallScenario("advise-file FILE write", parallel: size),
      ])
    func files(scenario: CallScenario) throws {
      try scenario.compare(scratch, folder: "/dev/shm", fileBytes: size)
      try scenario.compare(scratch, fileBytes: size)
    }

    @Test(
      "that is longer than its file ends where the kernel ends it",
      arguments: [
        CallScenario("populate-file FILE shared rw", parallel: 80 << 20),
        CallScenario("populate-file FILE private rw", parallel: 80 << 20),
        CallScenario("lock-file FILE shared rw", left: "cannot be populated"),
        CallScenario("lock-file FILE private rw", left: "cannot be populated"),
        CallScenario("advise-file FILE write", left: "cannot be populated"),
      ])
    func shortFiles(scenario: CallScenario) throws {
      try scenario.compare(scratch, folder: "/dev/shm", fileBytes: 80 << 20)
    }

    @Test(
      "of a tmpfs that has too little room is the kernel's alone", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
      arguments: [
        CallScenario("populate-file FILE shared rw", left: "too little room"),
        CallScenario("lock-file FILE shared rw", left: "too little room"),
        CallScenario("advise-file FILE write", left: "too little room"),
      ])
    func fullFileSystem(scenario: CallScenario) throws {
      try scenario.compare(scratch, folder: scratch.tmpfs(mebibytes: 80), fileBytes: size)
    }

    @Test(
      "of fallocate on tmpfs stays the kernel's",
      arguments: ["fallocate FILE", "fallocate-content FILE", "posix-fallocate FILE"])
    func tmpfs(words: String) throws { try CallScenario(words).compare(scratch, folder: "/dev/shm") }

    @Test("below --least is left alone, and above it is not, whatever that is")
    func least() throws {
      let report = scratch.file("report.json")
      _ = try Preloaded.run(["populate-private"], ["--least", "97M", "--report", report])
      #expect(try Preloaded.report(report).callsMade == 0)
      _ = try Preloaded.run(["populate-private"], ["--least", "96M", "--report", report])
      #expect(try Preloaded.report(report).calls.map(\.parallelBytes) == [size])
      _ = try Preloaded.run(["lock-all-both"], ["--least", "1M", "--report", report])
      let calls = try Preloaded.report(report).calls
      #expect(calls.count > 2 && calls.filter { $0.call == "mlockall" }.allSatisfy { $0.parallelBytes >= 2 * size })
    }

    @Test("one thread is none too many: then all is left to the kernel")
    func alone() throws {
      let report = scratch.file("report.json")
      _ = try start(
        ["run", "--threads", "1", "--report", report, "--", Preloaded.caller, "populate-private"]).end()
      #expect(try Preloaded.report(report).calls.map(\.left) == ["no helper: --threads 1"])
      _ = try start(
        ["run", "--max-helpers", "0", "--report", report, "--", Preloaded.caller, "populate-private"]).end()
      let calls = try Preloaded.report(report).calls
      #expect(calls.map(\.left) == ["no helper: --max-helpers"])
      #expect(calls.map(\.seconds) == [nil], "what the kernel did afterwards was not timed")
    }

    @Test("thp is asked for before the pages are made")
    func huge() throws {
      let state = Host.text("/sys/kernel/mm/transparent_hugepage/enabled")
      if state.contains("[never]") { try Test.cancel("transparent huge pages are switched off") }
      let ended = try Preloaded.run(["populate-private"], ["--page-size", "thp"])
      #expect(ended.out.contains(" hg"), "\(ended.out)")
      #expect(try !Preloaded.run(["populate-private"]).out.contains(" hg"))
    }

    @Test("a hundred thousand small ones make no entry")
    func small() throws {
      let report = scratch.file("report.json")
      let ended = try Preloaded.run(["many-small", "100000"], ["--report", report])
      #expect(ended.out == "failed=0\n")
      #expect(try Preloaded.report(report).callsMade == 0)
    }
  }
}
