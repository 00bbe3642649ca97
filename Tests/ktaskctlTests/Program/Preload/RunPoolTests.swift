import Testing

private let size = Preloaded.bytes

extension ProgramTests {
  @Suite(
    "ktaskctl run: pools of huge pages", .enabled(if: Preloaded.isBuilt, Preloaded.need),
    .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct RunPoolTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "have their pages made in parallel, as they would have been",
      arguments: [
        CallScenario("populate-pool", parallel: size), CallScenario("populate-pool-unpromised", parallel: size),
        CallScenario("lock-pool", parallel: size), CallScenario("lock-pool-unpromised", parallel: size),
        CallScenario("populate-file FILE shared rw", parallel: size),
        CallScenario("populate-file FILE private rw", parallel: size),
        CallScenario("lock-file FILE shared rw", parallel: size),
        CallScenario("advise-file FILE write", parallel: size), CallScenario("lock-pool-beyond-limit", left: "refused"),
      ])
    func enough(scenario: CallScenario) throws {
      try scratch.reserve(112, of: .mebibytes2)
      try scenario.compare(scratch, folder: scratch.hugetlbfs(.mebibytes2), fileBytes: size)
    }

    @Test("have no page made by two threads, however large it is")
    func gigantic() throws {
      if !Host.canTrace { try Test.cancel("\(Host.needsTrace)") }
      if try !Preloaded.tellsPageSizes() { try Test.cancel("before Linux 6.11 no mapping's page size is told") }
      try scratch.reserve(2, of: .gibibyte)
      let file = try scratch.hugetlbfs(.gibibyte) + "/vm"
      try tool("truncate", "--size", "2G", file)
      let populate = """
        import mmap, os, sys
        mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 2 << 30, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
        """
      let log = scratch.file("log")
      let traced = try Preloaded.onTwoCPUs() + ["strace", "-f", "-qq", "-o", log, "-e", "trace=madvise"]
      let ended = try start(["run", "--threads", "2", "--", "python3", "-c", populate, file], under: traced).end()
      #expect(ended.status == 0, "\(ended.err)")
      let made = Host.text(log).matches(of: #/madvise\(0x([0-9a-f]+), ([0-9]+), MADV_POPULATE_/#)
      #expect(made.compactMap { Int($0.output.2) } == [1 << 30, 1 << 30], "\(Host.text(log))")
      #expect(made.allSatisfy { Int($0.output.1, radix: 16).map { $0 % (1 << 30) } == 0 }, "\(Host.text(log))")
    }

    @Test(
      "with too few pages leave what the kernel alone leaves",
      arguments: [
        CallScenario("populate-pool", left: "refused"), CallScenario("populate-pool-unpromised", left: "too few"),
        CallScenario("lock-pool", left: "refused"), CallScenario("lock-pool-unpromised", left: "too few"),
        CallScenario("populate-file FILE shared rw", left: "refused"),
      ])
    func tooFew(scenario: CallScenario) throws {
      try scratch.reserve(30, of: .mebibytes2)
      try scenario.compare(scratch, folder: scratch.hugetlbfs(.mebibytes2), fileBytes: size)
    }

    @Test(
      "have files allocated in parallel",
      arguments: [
        CallScenario("fallocate FILE", parallel: size), CallScenario("fallocate-part FILE", parallel: size),
        CallScenario("fallocate-within FILE", parallel: size), CallScenario("fallocate-content FILE", parallel: size),
        CallScenario("fallocate-punch FILE", parallel: size), CallScenario("posix-fallocate FILE", parallel: size),
        CallScenario("fallocate-keeping-size FILE", left: "beyond the file's end"),
        CallScenario("fallocate-write-only FILE", left: "may not be read"),
        CallScenario("fallocate-read-only FILE", left: "may not be read"),
        CallScenario("fallocate-beyond-limit FILE", left: "larger than the limit"),
      ])
    func files(scenario: CallScenario) throws {
      try scratch.reserve(112, of: .mebibytes2)
      try scenario.compare(scratch, folder: scratch.hugetlbfs(.mebibytes2))
    }

    @Test(
      "with too few pages have files allocated as far as that goes, by the kernel",
      arguments: [
        CallScenario("fallocate FILE", left: "too few"), CallScenario("fallocate-part FILE", left: "too few"),
        CallScenario("posix-fallocate FILE", left: "too few"),
      ])
    func filesTooFew(scenario: CallScenario) throws {
      try scratch.reserve(30, of: .mebibytes2)
      try scenario.compare(scratch, folder: scratch.hugetlbfs(.mebibytes2))
    }
  }
}
