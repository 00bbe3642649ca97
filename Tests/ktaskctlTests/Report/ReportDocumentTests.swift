import KTask
import LinuxSystem
import Testing

@testable import MemoryWork
@testable import ktaskctl

@Suite("The report's document, of made-up values")
struct ReportDocumentTests {
  @Test("what was asked for, and what was going to be done")
  func request() throws {
    var plan = try Plan.clear("--nodes", "0-1", "--policy", "interleave", "--timeout", "90")
    plan.nodeTasks = [Span(region: 0, range: 0..<1 << 29, node: 0), Span(region: 0, range: 1 << 29..<1 << 30, node: 1)]
    plan.bounds = [Bound(.allowedCPUs, 2)]
    plan.exceeded = [Bound(.size, 1)]
    plan.checks = [
      Check(.memory, need: 5, have: 4), Check(.memory, need: 5, notMade: Unreadable("/proc/meminfo", .noEntry)),
    ]
    let document = Report.madeUp(plan).document
    #expect(
      document.request
        == Document.Request(
          bytes: 1 << 30, pageSize: "4K", nodes: "0-1", policy: "interleave", files: [], method: "populate",
          threads: "1,2", runs: 3, warmup: 1, minChunkBytes: 128 << 20, timeoutSeconds: 90))
    #expect(document.command == "clear" && document.host == nil && document.grown == nil && document.held == nil)
    let made = try #require(document.plan)
    #expect(made.threads == [1, 2] && made.chunkBytes == 128 << 20 && made.bytesToDo == 1 << 30)
    #expect(made.bounds == [.init(what: "allowed CPUs", threads: 2)])
    #expect(made.exceededBounds == [.init(what: "size / minimum chunk", threads: 1)] && made.unknownBounds == nil)
    #expect(made.nodeTasks == [.init(node: 0, bytes: 1 << 29), .init(node: 1, bytes: 1 << 29)])
    #expect(
      made.checks == [
        .init(what: "available memory", need: 5, have: 4, ok: false),
        .init(what: "available memory", need: 5, notMade: "/proc/meminfo cannot be read (ENOENT)"),
      ])
    #expect(made.helpers == .init(.madeUp) && made.growPool == nil)
  }

  @Test("a result has the command that does it again, and figures against one thread")
  func results() throws {
    let results = Report.madeUp(try .clear("--method", "touch"), .measured()).document.results
    #expect(
      results.map(\.command) == [
        "ktaskctl clear --size 1G --page-size 4K --method touch --threads 1",
        "ktaskctl clear --size 1G --page-size 4K --method touch --threads 2",
      ])
    #expect(results.map(\.speedup) == [1, 2] && results.map(\.efficiency) == [1, 1])
    #expect(results.map(\.user) == [0.25, 0.25] && results.map(\.system) == [0.5, 0.5])
  }

  @Test("files and regions are named in commands as a shell takes them")
  func commands() throws {
    let files = try Plan.files(
      "release",
      Intent(.freeMemory, isReadiness: false, ["-f", "/m/a b"]).with { $0.offset = 4096 }, "--even-if-open")
    #expect(
      files.commandLine(threads: 2) == "ktaskctl release ./-f '/m/a b' --offset 4K --even-if-open --threads 2")
    let regions = [try RegionWord.parse("path=/m/a,size=1G")]
    let region = try Plan.files(
      "prefault", Intent(.readyMemory, isReadiness: true, ["/m/a"]).with { $0.regions = regions })
    #expect(region.commandLine(threads: 1) == "ktaskctl prefault --region path=/m/a,size=1G --threads 1")
    let exec = try Plan.files(
      "exec",
      Intent(.readyMemory, isReadiness: false).with { $0.exec = ExecCommand(command: ["ls", "{}"], seal: false) },
      "--size", "1G")
    #expect(
      exec.commandLine(threads: 1) == "ktaskctl exec --size 1G --page-size 4K --threads 1 -- ls '{}'")
  }

  @Test("a command says all that its figures depend on, in few words, and nothing that is usual")
  func completeCommands() throws {
    let usual = try Plan.clear("--min-chunk", "128M", "--nice", "19", "--runs", "7", "--timeout", "90")
    #expect(usual.commandLine(threads: 1) == "ktaskctl clear --size 1G --page-size 4K --threads 1")
    let changed = try Plan.clear(
      "--min-chunk", "1.5M", "--nice", "5", "--no-lend", "--max-helpers", "3", "--ignore-power-policy")
    #expect(
      changed.commandLine(threads: 2) == "ktaskctl clear --size 1G --page-size 4K --min-chunk 1536K --nice 5 --no-lend "
        + "--max-helpers 3 --ignore-power-policy --threads 2")
    let look = Intent(.look, isReadiness: false, ["/m/a"]).with { $0.ownWords = ["--zero"] }
    #expect(
      try Plan.files("verify", look, "--page-size", "2M").commandLine(threads: 1)
        == "ktaskctl verify /m/a --page-size 2M --zero --threads 1")
  }

  @Test("a file tells what it had and what was added; of what was not finished nothing was")
  func files() throws {
    let plan = try Plan.files("prefault", Intent(.readyMemory, isReadiness: true, ["/m/f"]))
    let outcome = Outcome.once { $0.bytesByNodeOfFiles = [[0: 4 << 20]] }
    let entry = Document.File(
      path: "/m/f", bytes: 4 << 20, alreadyResidentBytes: 1 << 20, addedBytes: 3 << 20, pagesByNode: ["0": 1024])
    #expect(Report.madeUp(plan, outcome).document.files == [entry])
    let failed = Report.madeUp(plan, outcome) { $0.failures = [MemoryError(.notGivenBack).told] }
    #expect(failed.document.files.map(\.addedBytes) == [0])
    var unknown = plan
    unknown.files[0].residentBefore = nil
    #expect(Report.madeUp(unknown, outcome).document.files.map(\.addedBytes) == [nil])
    let pin = try Plan.files("pin", Intent(.figures, isReadiness: true, ["/m/f"]))
    #expect(Report.madeUp(pin, outcome).document.files.map(\.addedBytes) == [0])
  }

  @Test("what verify found stands in place of what was there before")
  func findings() throws {
    var found = FileFindings(path: "/m/f", bytes: 4 << 20, pageSize: 2 << 20)
    (found.residentBytes, found.hugeBytes, found.isZero) = (2 << 20, 2 << 20, true)
    (found.unclearedBytes, found.bytesByNode) = (4096, [1: 2 << 20])
    let plan = try Plan.files("verify", Intent(.look, isReadiness: false, ["/m/f"]))
    #expect(
      Report.madeUp(plan, .once { $0.findings = [found] }).document.files == [
        Document.File(
          path: "/m/f", bytes: 4 << 20, alreadyResidentBytes: 2 << 20, addedBytes: 0, unclearedBytes: 4096,
          pagesByNode: ["1": 1], pageSize: 2 << 20, hugeBytes: 2 << 20, zero: true)
      ])
  }

  @Test("pools that were raised, what is held and what was undone are told where there is such")
  func rest() throws {
    var plan = try Plan.files("prefault", Intent(.readyMemory, isReadiness: true, ["/m/f"]))
    (plan.growth, plan.hold) = ([], .untilSignal)
    var outcome = Outcome.once()
    outcome.grown = [PoolRaise(pageSize: 2 << 20, node: nil, pages: 3)]
    let document = Report.madeUp(plan, outcome).document
    #expect(document.held == true && document.undone == nil && document.plan?.growPool == [])
    #expect(document.grown == [.init(PoolRaise(pageSize: 2 << 20, node: nil, pages: 3))])
    #expect(Report.madeUp(plan).document.grown == [])
    outcome.undone = GivenBack()
    let ended = Report.madeUp(plan, outcome) { $0.end = .signal(2) }.document
    #expect(ended.held == nil && ended.undone == .init(bytes: 0, complete: true))
    #expect(
      ended.errors == [
        .init(code: "signal", exitStatus: 130, message: "ended by SIGINT; undone, 0 B given back", path: "/m/f")
      ])
  }

  @Test("what was looked at is told where it was, in hexadecimal where devices see it")
  func verified() throws {
    let outcome = Outcome.once { found in
      (found.residentBytes, found.pageSize, found.pinnedBytes) = (1 << 30, 4096, 1 << 30)
      found.addresses = DeviceAddresses(first: 1 << 63, last: (1 << 63) + 4095)
      found.bytesByNode = [0: 8192]
    }
    #expect(
      Report.madeUp(try .clear(counts: [1]), outcome).document.verified
        == .init(
          residentBytes: 1 << 30, pageSize: 4096, hugeBytes: 0, pinnedBytes: 1 << 30, pagesByNode: ["0": 2],
          iovaBase: "0x8000000000000000"))
  }
}
