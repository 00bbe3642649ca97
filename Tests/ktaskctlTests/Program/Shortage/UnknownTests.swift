import Testing

extension ProgramTests {
  /// A kernel that keeps an answer to itself, or a container that does.
  @Suite("What the kernel does not tell", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct UnknownTests {
    private static let clear = ["clear", "--size", "64M", "--runs", "1", "--warmup", "0"]

    /// Words that run what follows where `place` is mounted otherwise.
    private static func mounted(_ options: String..., at place: String) -> [String] {
      let mount = "mount \(options.joined(separator: " ")) none \(place)"
      return ["unshare", "--mount", "sh", "-c", "\(mount) && exec \"$@\"", "sh"]
    }

    private static let processesOnly = mounted("-t", "proc", "-o", "subset=pid", at: "/proc")
    private static let noProc = mounted("-t", "tmpfs", at: "/proc")
    private static let noSys = mounted("-t", "tmpfs", at: "/sys")

    private func require(_ under: [String]) throws {
      let ended = try Child(under + ["true"]).end()
      if ended.status != 0 { try Test.cancel("cannot be mounted here: \(ended.err)") }
    }

    @Test(
      "is not taken for none: the check is named as not made, and the work is done",
      arguments: [processesOnly, noProc], ["clear", "prefault"])
    func noMemoryInfo(under: [String], command: String) throws {
      try require(under)
      let scratch = try Scratch()
      let words =
        command == "clear" ? Self.clear : ["prefault", try scratch.tmpfs(mebibytes: 80) + "/f", "--size", "64M"]
      let plan = try start(words + ["--dry-run"], under: under).end()
      #expect(plan.status == 0, "\(plan.err)")
      let line = "  check: available memory: not made, /proc/meminfo cannot be read (ENOENT)\n"
      #expect(plan.out.contains(line), "\(plan.out)")
      let document = try start(words + ["--dry-run", "--json"], under: under).end().document()
      let check = try #require(document.plan?.checks.first { $0.what == "available memory" })
      #expect(check.ok == nil)
      #expect(check.have == nil)
      #expect(check.notMade == "/proc/meminfo cannot be read (ENOENT)")
    }

    @Test("is left out of the machine's JSON and called unknown in its text")
    func topology() throws {
      try require(Self.processesOnly)
      let json = try start(["topology", "--json"], under: Self.processesOnly).end()
      #expect(json.status == 0, "\(json.err)")
      #expect(!json.out.contains("memory_available_bytes") && !json.out.contains("\"available_bytes"))
      #expect(try #require(Schema.ofDocuments).faults(in: json.out) == [])
      #expect(!json.out.contains("memory_bytes\" : 0"))
      #expect(json.out.contains("\"why\" : \"/proc/meminfo cannot be read (ENOENT)\""), "\(json.out)")
      let text = try start(["topology"], under: Self.processesOnly).end()
      for line in [
        "memory available: unknown\n", "node 0 size: unknown\n", "node 0 free: unknown, available unknown\n",
      ] {
        #expect(text.out.withoutColumns.contains(line), "\(text.out)")
      }
    }

    @Test("without /sys is unknown, and not switched off")
    func noSysfs() throws {
      try require(Self.noSys)
      let huge = try start(Self.clear + ["--page-size", "thp"], under: Self.noSys).end()
      #expect(huge.status == 8)
      #expect(huge.message.hasSuffix("/sys/kernel/mm/transparent_hugepage cannot be read (ENOENT)"), "\(huge.err)")
      #expect(huge.remedy?.hasSuffix("mount -t sysfs sysfs /sys") == true)
      let pool = try start(Self.clear + ["--page-size", "2M"], under: Self.noSys).end()
      #expect(pool.status == 8)
      #expect(pool.message.contains("/sys/kernel/mm/hugepages/"), "\(pool.err)")
      let text = try start(["topology"], under: Self.noSys).end()
      #expect(text.status == 0)
      for line in [
        "nodes: unknown\n", "huge pages: unknown\n", "transparent huge pages: unknown\n", "power policy: unknown\n",
      ] {
        #expect(text.out.withoutColumns.contains("\n" + line), "\(text.out)")
      }
      let json = try start(["topology", "--json"], under: Self.noSys).end().out
      #expect(!json.contains("\"pools\" :") && !json.contains("\"nodes\" : ["), "\(json)")
      let measured = try start(["topology", "--measure"], under: Self.noSys).end().out.withoutColumns
      for line in ["knee of 4K pages: ", "knee of thp pages: not measured: ", "unknown: knees of huge pages: /sys/"] {
        #expect(measured.contains("\n" + line), "\(measured)")
      }
      let cleared = try start(Self.clear, under: Self.noSys).end()
      #expect(cleared.status == 0, "\(cleared.err)")
      #expect(cleared.err.contains("warning: 4K pages: whether there are transparent huge pages is not known"))
    }

    @Test(
      "is unknown, and not none, where a part of /sys is covered",
      arguments: [
        ("/sys/kernel/mm", ["huge pages", "transparent huge pages"]), ("/sys/kernel/mm/hugepages", ["huge pages"]),
        ("/sys/devices/system/node", ["nodes", "huge pages"]),
        ("/sys/devices/system/cpu", ["physical cores", "power policy"]),
        ("/sys/devices/system", ["physical cores", "power policy", "nodes", "huge pages"]),
      ])
    func covered(place: String, unknown: [String]) throws {
      let under = Self.mounted("-t", "tmpfs", at: place)
      try require(under)
      let text = try start(["topology"], under: under).end()
      #expect(text.status == 0, "\(text.err)")
      for what in unknown { #expect(text.out.withoutColumns.contains("\n\(what): unknown\n"), "\(text.out)") }
      let json = try start(["topology", "--json"], under: under).end().out
      #expect(try #require(Schema.ofDocuments).faults(in: json) == [])
      if unknown.contains("huge pages") {
        let pool = try start(Self.clear + ["--page-size", "2M", "--dry-run"], under: under).end()
        #expect(!(pool.out + pool.err).contains("this machine has no pages"), "\(pool.err)")
        #expect(!(pool.out + pool.err).contains("0 are free"), "\(pool.err)")
      }
      let cleared = try start(Self.clear + ["--json"], under: under).end()
      #expect(cleared.status == 0, "\(cleared.err)")
    }

    @Test("is not the memory of a node of CPUs alone, which is none")
    func noMemoryThere() throws {
      let script = """
        mount -t tmpfs none /sys/devices/system/node && cd /sys/devices/system/node && mkdir node0 node1 &&
        echo 0 > node0/cpulist && echo 1 > node1/cpulist &&
        printf 'Node 0 MemTotal: 9000 kB\\nNode 0 MemFree: 5000 kB\\n' > node0/meminfo &&
        printf 'Node 1 MemTotal: 0 kB\\nNode 1 MemFree: 0 kB\\n' > node1/meminfo && cd / && exec "$@"
        """
      let under = ["unshare", "--mount", "sh", "-c", script, "sh"]
      try require(under)
      let text = try start(["topology"], under: under).end().out.withoutColumns
      #expect(text.contains("\nnode 1 size: 0 B\nnode 1 free: 0 B, available 0 B\n"), "\(text)")
    }

    @Test("leaves open whether a priority may be lent")
    func lending() throws {
      try require(Self.noProc)
      let text = try start(["topology"], under: Self.noProc).end()
      #expect(text.out.contains("nothing is lent (--no-lend, no CAP_SYS_NICE, or that is not known)"), "\(text.out)")
    }

    @Test(
      "for want of descriptors is an error that says so",
      arguments: [["clear", "--size", "64M"], ["topology"], ["clear", "--size", "64M", "--json"]])
    func noDescriptors(words: [String]) throws {
      let ended = try start(words, under: ["prlimit", "--nofile=4"]).end()
      if ended.status == 127 { try Test.cancel("the program does not start with so few: \(ended.err)") }
      #expect(ended.status == 4, "\(ended.err)")
      #expect(ended.message.contains(" cannot be read (EMFILE)"), "\(ended.err)")
      #expect(ended.remedy?.contains("ulimit -n") == true)
    }
  }

  /// System calls that a seccomp profile forbids.
  @Suite(
    "Calls that are forbidden", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
    .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
  struct ForbiddenCallTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static func forbidding(_ call: String) -> [String] { Traced.failing(call, "EPERM", when: "1+") }

    @Test(
      "end nothing by a trap: the work is done and what is not known is not said",
      arguments: ["prlimit64", "uname", "getrusage", "sched_getaffinity", "getpriority", "capget", "prctl"],
      ["clear", "prefault", "pin"])
    func harmless(call: String, command: String) throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let words = [command] + (command == "prefault" ? [file] : []) + ["--size", "32M", "--runs", "1", "--warmup", "0"]
      let ended = try start(words + ["--json"], under: Self.forbidding(call)).end()
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.verified?.residentBytes == 32 << 20)
      if call == "getrusage" { #expect(document.results.first?.user == nil) }
      if call == "uname" { #expect(document.host?.kernel == nil) }
      if call == "sched_getaffinity" { #expect(document.host?.allowedCpus == nil) }
      if call == "prlimit64" {
        #expect(document.plan?.checks.contains { $0.notMade == "RLIMIT_AS cannot be read (EPERM)" } == true)
      }
    }

    /// Whatever is mapped from some moment on fails: regions, stacks of threads, buffers. What the program allocates for
    /// itself does not.
    @Test("that map memory end nothing by a trap from any moment on", arguments: ["clear", "prefault", "pin"])
    func noMappings(command: String) throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let log = scratch.file("calls")
      try tool("strace", "-f", "-o", log, "-e", "trace=mmap", BuiltProgram.path, "--version")
      // the loader's own
      let before = Host.text(log).split(separator: "\n").count { $0.contains("mmap(") }
      let words =
        [command] + (command == "prefault" ? [file] : []) + ["--size", "16M", "--threads", "2", "--min-chunk", "2M"]
      for number in before + 1...before + 16 {
        let ended = try start(words + ["--json"], under: Traced.failing("mmap", "ENOMEM", when: "\(number)+")).end()
        #expect([0, 1, 3, 4].contains(ended.status), "call \(number): \(ended.status) \(ended.err)")
        #expect(try ended.document().errors.isEmpty == (ended.status == 0))
        if command == "prefault" {
          #expect((FileFacts(file) == nil) == (ended.status != 0), "call \(number)")
          if ended.status == 0 { try tool("rm", file) }
        }
      }
    }

    @Test("leave a dash where CPU seconds would stand")
    func noCPUSeconds() throws {
      let words = ["clear", "--size", "32M", "--runs", "1", "--warmup", "0"]
      let ended = try start(words, under: Self.forbidding("getrusage")).end()
      #expect(ended.status == 0, "\(ended.err)")
      let row = try #require(ended.out.split(separator: "\n").first { $0.hasPrefix("      1") })
      #expect(row.hasSuffix(" -"), "\(ended.out)")
    }

    @Test(
      "tell what a pool has: it is not raised by what is not known",
      arguments: ["nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages", "nr_overcommit_hugepages"])
    func poolCounters(counter: String) throws {
      try scratch.reserve(2, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      let total = HugePage.mebibytes2.total
      let path = "/sys/kernel/mm/hugepages/hugepages-2048kB/\(counter)"
      let under = [
        "strace", "-f", "-qq", "-o", "/dev/null", "-P", path, "-e", "trace=openat", "-e", "inject=openat:error=EACCES",
      ]
      let ended = try ktaskctl("prefault", file, "--size", "16M", "--grow-pool", under: under)
      #expect(ended.status == 4, "\(ended.err)")
      #expect(ended.message == "ktaskctl: \(file): \(path) cannot be read (EACCES)", "\(ended.err)")
      #expect(HugePage.mebibytes2.total == total)
      #expect(FileFacts(file) == nil)
    }
  }
}
