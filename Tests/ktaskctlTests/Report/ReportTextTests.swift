import KTask
import LinuxSystem
import Testing

@testable import MemoryWork
@testable import ktaskctl

@Suite("The report's text, of made-up values")
struct ReportTextTests {
  @Test("a sweep has a header, a table and what was found")
  func sweep() throws {
    var outcome = Outcome.measured()
    var found = Verification()
    (found.isZero, found.residentBytes, found.hugeBytes, found.pageSize) = (true, 1 << 30, 0, 4096)
    outcome.verification = found
    #expect(
      Report.madeUp(try .clear(), outcome).text(TextStyle()) == """
        clear anonymous memory: 1 GiB, 4K pages, populate, 3 runs, 1 unmeasured before
        threads    median  spread  GiB/s  speed-up  efficiency  CPU s
              1  500.0 ms  ±0.0 %   2.00     1.00x       100 %   0.75
              2  250.0 ms  ±0.0 %   4.00     2.00x       100 %   0.75
        verified: 1 GiB resident, all zero
        2 threads: 2.00× one, 100 % efficient

        """)
  }

  @Test("what was found is told in so many words, and what is not known as that")
  func found() throws {
    let table: [((inout Verification) -> Void, String)] = [
      ({ $0.residentBytes = nil }, "not known how much resident"),
      ({ ($0.residentBytes, $0.hugeBytes) = (4096, 4096) }, "4 KiB resident, 4 KiB of it in huge pages"),
      ({ $0.lockedBytes = 4096 }, "0 B resident, 4 KiB locked (VmLck)"),
      (
        { ($0.lockedBytes, $0.pageSize) = (0, 2 << 20) },
        "0 B resident, in a pool, whose pages are never swapped"
      ),
      ({ $0.pinnedBytes = 4096 }, "0 B resident, 4 KiB pinned (VmPin)"),
      (
        { $0.addresses = DeviceAddresses(first: 0x1000, last: 0x1fff) },
        "0 B resident, devices see it at 0x1000–0x1fff"
      ),
      ({ $0.bytesByNode = [1: 4096, 0: 8192] }, "0 B resident, 8 KiB on node 0, 4 KiB on node 1"),
      ({ $0.bytesByNode = [0: 8192] }, "0 B resident"),
    ]
    for (change, line) in table {
      let text = Report.madeUp(try .clear(counts: [1]), .once(change)).text(TextStyle())
      #expect(text.hasSuffix("\nverified: \(line)\n"), "\(text)")
    }
  }

  @Test("verify tells what it found of each file, whatever was demanded")
  func verify() throws {
    var half = FileFindings(path: "/m/a", bytes: 4 << 20, pageSize: 4096)
    (half.residentBytes, half.bytesByNode, half.isZero) = (2 << 20, [0: 2 << 20], false)
    let empty = FileFindings(path: "/m/b", bytes: 4 << 20, pageSize: 4096)
    var unknown = FileFindings(path: "/m/c", bytes: 4 << 20, pageSize: 4096)
    unknown.residentBytes = nil
    let plan = try Plan.files("verify", Intent(.look, isReadiness: false, ["/m/a", "/m/b", "/m/c"]))
    let report = Report.madeUp(plan, .once { $0.findings = [half, empty, unknown] }) { report in
      report.failures = [MemoryError(.notAsDemanded(.residency(missing: 2 << 20)), path: "/m/a").told]
    }
    #expect(
      report.text(TextStyle()) == """
        /m/a: 4 MiB, 2 MiB resident in 4K pages, not all zero
          node 0: 512 pages of 4K, 2 MiB
        /m/b: 4 MiB, nothing resident
        /m/c: 4 MiB, not known how much is resident

        """)
    #expect(report.exitStatus == .notAsDemanded)
  }

  @Test("release tells what is gone, of which part, and what is not known")
  func release() throws {
    var plan = try Plan.files("release", Intent(.freeMemory, isReadiness: false, ["/m/f"]))
    func line(_ released: Released) -> String {
      Report.madeUp(plan, .once { $0.released = released }).text(TextStyle())
    }
    #expect(
      line(Released(bytes: 1 << 20)) == "/m/f: 1 MiB given back in 500.0 ms by 0 threads, no page left\n")
    #expect(line(Released(bytes: 0, hasRemoved: true)) == "/m/f: had no pages, removed\n")
    plan.files[0].part = 1 << 20..<2 << 20
    #expect(
      line(Released(bytes: 1 << 20, isProven: false))
        == "/m/f: 1 MiB given back in 500.0 ms by 0 threads, not known whether a page is left from 1 MiB to 2 MiB\n")
    plan.files[0].part = 0..<2 << 20
    plan.bytes = 0
    #expect(line(Released()) == "/m/f: has no pages in its first 2 MiB, nothing to do\n")
  }

  @Test("what is held is told in one line, with this process's number")
  func held() throws {
    var plan = try Plan.files("prefault", Intent(.readyMemory, isReadiness: true, ["/m/f"]))
    plan.hold = .untilInputEnds
    let text = Report.madeUp(plan, .once()).text(TextStyle())
    #expect(
      text == "prefault /m/f: 4 MiB in 4K pages, 1 thread, in 500.0 ms, 0.01 GiB/s, verified, "
        + "held by process 4711 until standard input ends\n")
    plan.words.verify = .nothing
    #expect(Report.madeUp(plan, .once()).text(TextStyle()).contains(" GiB/s, not verified, held by process 4711 "))
    plan.bytes = 0
    #expect(
      Report.madeUp(plan).text(TextStyle())
        == "/m/f: 4 MiB resident already, nothing to do, held by process 4711 until standard input ends\n")
  }

  @Test("of a sweep that was not finished what was measured is told, and of one run nothing")
  func unfinished() throws {
    var outcome = Outcome.measured([1])
    outcome.undone = GivenBack()
    let report = Report.madeUp(try .clear(), outcome) { $0.end = .signal(15) }
    #expect(report.text(TextStyle()).hasSuffix("\nnot finished: 3 of 6 runs measured\n"))
    let once = Report.madeUp(try .files("prefault", Intent(.readyMemory, isReadiness: true, ["/m/f"]))) {
      $0.end = .timeout
    }
    #expect(once.text(TextStyle()) == "")
  }

  @Test("a plan says what bounds it, and of which bounds nothing is known")
  func plan() throws {
    var plan = try Plan.clear()
    plan.bounds = [Bound(.allowedCPUs, 2)]
    plan.unknownBounds = [UnknownBound(.cpuQuota, Unreadable("/proc/self/cgroup", .noEntry))]
    plan.growth = [PoolRaise(pageSize: 2 << 20, node: nil, pages: 3)]
    plan.checks = [Check(.memory, need: 1 << 30, have: 1 << 20)]
    #expect(
      Report.madeUp(plan).planText(TextStyle(isPlanOnly: true)) == """
        plan: clear, 1 GiB to do, 4K pages, populate, 3 measured and 1 unmeasured runs
          threads 1, 2, chunk 128 MiB at most, by the clock (5 to 50 ms each)
          helpers: nice 19, at most 3 at once over all processes (2 free now); the caller lends its priority to one at \
        a time at the end
          bound: allowed CPUs: 2 threads
          bound: cgroup CPU quota: not known, /proc/self/cgroup cannot be read (ENOENT)
          node task: any node, 1 GiB
          grow: the pool of 2 MiB pages by 3 pages on any node
          check: available memory: needs 1 GiB, has 1 MiB: SHORT

        """)
  }

  @Test("-v has the plan first, then what each thread did and a chart")
  func verbose() throws {
    var outcome = Outcome.measured()
    outcome.counts[1].helpers = [
      JobRun.Thread(node: nil, chunks: 1, bytes: 1 << 20, seconds: 0.25),
      JobRun.Thread(node: nil, chunks: 2, bytes: 2 << 20, seconds: 0.125),
    ]
    outcome.counts[0].store = StoreUse(store: .memset, tried: [:])
    outcome.counts[1].store = StoreUse(
      store: .repStosb, tried: [.memset: 0x1p33, .repStosb: 0x1.8p33, .nonTemporal: 0x1p32])
    let report = Report.madeUp(try .clear(), outcome)
    #expect(report.planText(TextStyle(isVerbose: true)).hasPrefix("plan: clear, "))
    #expect(report.planText(TextStyle()) == "")
    let lines = report.text(TextStyle(isVerbose: true)).split(separator: "\n")
    #expect(lines.first?.hasPrefix("clear anonymous memory: ") == true)
    #expect(lines.contains("  2 threads, caller: 1 chunk, 1 MiB, 250.0 ms"))
    #expect(lines.contains("  2 threads, helper 1: 2 chunks, 2 MiB, 125.0 ms"))
    #expect(lines.contains("  # fastest run  . slowest run  | ideal"))
    #expect(lines.contains("1 thread: cleared with the C library's stores (not tried)"))
    #expect(
      lines.contains(
        "2 threads: cleared with string stores (12.00 GiB/s; the C library's stores 8.00, stores past the caches 4.00)"
      ))
    #expect(
      report.results.map(\.store) == [
        .init(name: "memset", tried: []),
        .init(
          name: "rep stosb",
          tried: [
            .init(name: "memset", bytesPerSecond: 0x1p33), .init(name: "rep stosb", bytesPerSecond: 0x1.8p33),
            .init(name: "non-temporal", bytesPerSecond: 0x1p32),
          ]),
      ])
  }

  @Test("the last line says what more threads brought, and what kept them from being more")
  func closing() throws {
    func line(_ times: [Int: Double], _ bounds: [Bound], counts: [Int]) throws -> String? {
      var plan = try Plan.clear(counts: counts)
      plan.bounds = bounds
      let outcome = Outcome(counts: counts.map { Outcome.Count(threads: $0, times: [times[$0] ?? 1], fewest: $0) })
      return Report.madeUp(plan, outcome).closingLines.first
    }
    let bounds = [Bound(.size, 8), Bound(.physicalCores, 2), Bound(.allowedCPUs, 2)]
    #expect(
      try line([1: 1.86, 2: 1], bounds, counts: [1, 2])
        == "2 threads: 1.86× one, 93 % efficient; more is not to be had here (allowed CPUs)")
    #expect(try line([1: 1.86, 2: 1], [], counts: [1, 2]) == "2 threads: 1.86× one, 93 % efficient")
    #expect(
      try line([1: 4, 2: 2, 4: 3], bounds, counts: [1, 2, 4])
        == "2 threads: 2.00× one, 100 % efficient; 4 are no faster")
    #expect(try line([1: 1, 2: 2], [], counts: [1, 2]) == "1 thread: the fastest; 2 are no faster")
    #expect(try line([2: 1], bounds, counts: [2]) == "2 threads: more is not to be had here (allowed CPUs)")
    #expect(try line([1: 1], bounds, counts: [1]) == nil)
    #expect(try line([1: 1], [Bound(.powerPolicy, 1)], counts: [1])?.hasSuffix("(power policy)") == true)
  }

  @Test("no line of the header is wider than a terminal")
  func header() throws {
    var outcome = Outcome.measured()
    var warmUp = WarmUp()
    for seconds in [2.0, 1, 1] { warmUp.note(seconds) }
    outcome.warmUp = warmUp
    var plan = try Plan.clear("--nodes", "0-15", "--policy", "interleave")
    plan.nodeTasks = (0..<16).map { Span(region: 0, range: 0..<1 << 26, node: $0) }
    let lines = Report.madeUp(plan, outcome).text(TextStyle()).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines[1] == "  3 runs, warmed up by 4 runs")
    #expect(Wrapping.lines(["abc", "de", "f"], width: 7) == ["abc,", "  de, f"])
    #expect(Wrapping.lines([]) == [])
  }

  @Test("a reader without UTF-8 gets ASCII for what this program says, and names as they are")
  func plain() {
    #expect("±1.2 %, 1.86× one, 3 µs, “a” 0x1–0x2 …".inASCII == "+-1.2 %, 1.86x one, 3 us, \"a\" 0x1-0x2 ...")
    #expect("/tmp/ü".inASCII == "/tmp/ü")
  }
}
