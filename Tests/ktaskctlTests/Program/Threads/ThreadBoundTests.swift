import Testing

extension ProgramTests {
  /// How many threads a run has, and which bound the plan names for it.
  @Suite("The number of threads", .enabled(if: Host.isRoot && Host.cpus >= 2, "\(Host.needsRoot), and two CPUs"))
  struct ThreadBoundTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static let words = [
      "clear", "--size", "256M", "--threads", "auto", "--runs", "1", "--warmup", "0", "--json",
    ]

    private func expect(
      _ threads: Int, _ bound: String, under: [String], location: SourceLocation = #_sourceLocation
    ) throws {
      let ended = try start(Self.words, under: under).end()
      #expect(ended.status == 0, "\(ended.err)", sourceLocation: location)
      let document = try ended.document()
      let plan = try #require(document.plan)
      #expect(plan.threads == [threads], sourceLocation: location)
      #expect(document.results.first?.helpers.count == threads, sourceLocation: location)
      let named = plan.bounds.filter { $0.what == bound }
      #expect(named.map(\.threads) == [threads], "\(plan.bounds)", sourceLocation: location)
      #expect(plan.bounds.map(\.threads).min() == threads, sourceLocation: location)
    }

    @Test(
      "follows the control group's quota, rounded up, which the plan names",
      arguments: [(0.5, 1), (1.5, 2)] as [(Double, Int)])
    func quota(cpus: Double, threads: Int) throws {
      let group = try scratch.cpuGroup(quota: cpus)
      try expect(threads, "cgroup CPU quota", under: Scratch.inside(group))
    }

    @Test("follows the CPUs that taskset leaves, and those of a cpuset, which the plan names")
    func allowed() throws {
      try expect(1, "allowed CPUs", under: ["taskset", "-c", "1"])
      let group = try scratch.cpusetGroup(cpus: "1")
      try expect(1, "cgroup cpuset", under: Scratch.inside(group))
    }

    @Test("passes the quota on request and says so, but never the CPUs there are")
    func onRequest() throws {
      let words = ["clear", "--size", "256M", "--threads", "2", "--runs", "1", "--warmup", "0"]
      let inGroup = try start(words, under: Scratch.inside(try scratch.cpuGroup(quota: 0.5))).end()
      #expect(inGroup.status == 0)
      #expect(
        inGroup.err.contains("warning: more threads than cgroup CPU quota allows, which is 1\n"), "\(inGroup.err)")
      let pinned = try start(words, under: ["taskset", "-c", "1"]).end()
      #expect(pinned.status == 0)
      #expect(pinned.err.contains("warning: 2 threads asked for, 1 used: allowed CPUs\n"), "\(pinned.err)")
    }

    @Test("is one where there are to be no helpers at all, and --max-helpers is named")
    func noHelpers() throws {
      let document = try start(Self.words + ["--max-helpers", "0"]).end().document()
      #expect(document.plan?.threads == [1])
      #expect(document.plan?.helpers.limit == 0)
      #expect(document.plan?.bounds.contains { $0.what == "system-wide helper limit" && $0.threads == 1 } == true)
    }

    @Test(
      "does not take what --nice and --max-helpers cannot be", arguments: [["--nice", "20"], ["--max-helpers", "-1"]])
    func wrong(words: [String]) throws {
      let ended = try start(Self.words + words).end()
      #expect(ended.status == 64)
      #expect(ended.message.contains("\(words[0]) takes "), "\(ended.err)")
    }
  }
}
