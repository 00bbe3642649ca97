@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("The memory of a running process", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ProcessMemoryTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static let mapped = """
      fd = memfd("ram", 64 << 20)
      memory = mmap.mmap(fd, 64 << 20)
      memory[5 << 20:(5 << 20) + 5] = b"hello"
      os.dup2(fd, 100)
      """

    private func prefault(_ process: Holder, _ words: String...) throws -> Ended {
      try start(["prefault", "--pid", "\(process.pid)"] + words).end()
    }

    @Test("is made ready while it runs, what it has written stays, and the second time there is nothing to do")
    func memfd() throws {
      let process = try Holder(Self.mapped)
      let ended = try prefault(process, "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.request?.pid == Int(process.pid))
      #expect(document.files.map(\.name) == ["/memfd:ram (deleted)"], "once, though it is open twice and mapped")
      #expect(document.files.first?.bytes == 64 << 20)
      #expect(document.files.first?.addedBytes == 64 << 20 - 4096)
      #expect(document.verified?.residentBytes == 64 << 20)
      #expect(document.results.first?.command.contains("--pid \(process.pid)") == true)
      #expect(process.allocated(100) == 64 << 20)
      #expect(try tool("head", "--bytes", "\(5 << 20 + 5)", process.path(100)).hasSuffix("hello"))
      let again = try prefault(process)
      #expect(again.status == 0 && again.out.contains("64 MiB resident already, nothing to do"), "\(again.err)")
    }

    @Test("is all that it shares, the largest first: without a descriptor, and without a name of its own, too")
    func everything() throws {
      let folder = try scratch.tmpfs(mebibytes: 200)
      let process = try Holder(
        """
        small = memfd("small", 8 << 20)
        path = "\(folder)/mapped"
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        os.truncate(path, 32 << 20)
        file = mmap.mmap(fd, 32 << 20)
        os.close(fd)
        nameless = mmap.mmap(-1, 64 << 20)
        image = os.open("\(folder)/image", os.O_RDWR | os.O_CREAT)
        os.truncate("\(folder)/image", 64 << 20)
        copied = memfd("copied", 16 << 20)
        own = mmap.mmap(copied, 16 << 20, flags=mmap.MAP_PRIVATE)
        """)
      let ended = try prefault(process, "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let files = try ended.document().files
      #expect(files.map(\.bytes) == [64 << 20, 32 << 20, 8 << 20])
      #expect(files.map(\.name) == ["/dev/zero (deleted)", folder + "/mapped", "memfd:small (deleted)"])
      #expect(FileFacts(folder + "/mapped")?.allocated == 32 << 20)
      #expect(FileFacts(folder + "/image")?.allocated == 0, "a file that is only open may be a disk's image")
    }

    @Test("is one file of it, where a descriptor or an address says which")
    func one() throws {
      let process = try Holder(
        """
        os.dup2(memfd("a", 16 << 20), 100)
        os.dup2(memfd("b", 16 << 20), 101)
        b = mmap.mmap(101, 16 << 20)
        """)
      #expect(try prefault(process, "--fd", "100", "--quiet").status == 0)
      #expect(process.allocated(100) == 16 << 20 && process.allocated(101) == 0)
      let ended = try prefault(process, "--map", try process.addresses(of: "memfd:b"), "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().files.map(\.name) == ["/memfd:b (deleted)"])
      #expect(process.allocated(101) == 16 << 20)
    }

    @Test("may lie on hugetlbfs, and what a pool lacks is found before anything is made")
    func hugePages() throws {
      try scratch.reserve(32, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      let process = try Holder(
        """
        os.dup2(memfd("ram", 32 << 20, 4), 100)
        fd = os.open("\(folder)/vm", os.O_RDWR | os.O_CREAT)
        os.truncate(fd, 64 << 20)
        """)
      let short = try prefault(process)
      #expect(short.status == 3, "\(short.err)")
      #expect(short.remedy?.contains("nr_hugepages") == true)
      #expect(process.allocated(100) == 0 && FileFacts(folder + "/vm")?.allocated == 0)
      #expect(try prefault(process, "--grow-pool", "--quiet").status == 0)
      #expect(process.allocated(100) == 32 << 20 && FileFacts(folder + "/vm")?.allocated == 64 << 20)
    }

    @Test(
      "may be filled by the process itself between the look at it and the count of the pool, which is no shortage",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func meanwhile() throws {
      try scratch.reserve(16, of: .mebibytes2)
      let process = try Holder("os.dup2(memfd('ram', 32 << 20, 4), 100)")
      let log = scratch.file("log")
      let counted = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
      let child = try start(
        ["prefault", "--pid", "\(process.pid)", "--json"], under: Traced.standingStill(at: counted, log: log))
      child.wait { Host.text(log).contains("stopped by SIGSTOP") }
      try Content(process.path(100), bytes: 2 << 20, reserving: false).clear(0..<4096)
      let number = try #require(Host.text(log).split(separator: " ").first.flatMap { pid_t($0) })
      kill(number, SIGCONT)
      let ended = child.end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().files.first?.addedBytes == 30 << 20, "what the process has filled is its own")
      #expect(process.allocated(100) == 32 << 20)
    }

    @Test("is its own user's to have made ready")
    func ordinaryUser() throws {
      if !Host.hasOrdinaryUser { try Test.cancel("\(Host.needsOrdinaryUser)") }
      let program = try scratch.programForAll()
      let own = try Holder(Self.mapped, under: Host.ordinaryUser)
      let ended = try Child(Host.ordinaryUser + [program, "prefault", "--pid", "\(own.pid)"]).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(own.allocated(100) == 64 << 20)
      let others = try Holder(Self.mapped)
      let refused = try Child(Host.ordinaryUser + [program, "prefault", "--pid", "\(others.pid)"]).end()
      #expect(refused.status == 4, "\(refused.err)")
      #expect(refused.message.hasPrefix("ktaskctl: process \(others.pid): what memory it has cannot be seen: "))
      #expect(refused.remedy == "as root, or as the user that it runs as")
    }

    @Test("is what can be reached of it, and the rest is told, for a user who may not have all of it")
    func partly() throws {
      if !Host.hasOrdinaryUser { try Test.cancel("\(Host.needsOrdinaryUser)") }
      let program = try scratch.programForAll()
      func prefault(_ process: Holder, _ words: String...) throws -> Ended {
        try Child(Host.ordinaryUser + [program, "prefault", "--pid", "\(process.pid)"] + words).end()
      }
      let process = try Holder(Self.mapped + "\nnameless = mmap.mmap(-1, 1 << 20)", under: Host.ordinaryUser)
      let ended = try prefault(process)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(process.allocated(100) == 64 << 20)
      let warning = "process \(process.pid): left alone: maps /dev/zero (deleted) and has no descriptor"
      #expect(ended.err.contains("ktaskctl: warning: " + warning), "\(ended.err)")
      let nameless = try Holder("nameless = mmap.mmap(-1, 1 << 20)", under: Host.ordinaryUser)
      let refused = try prefault(nameless)
      #expect(refused.status == 4, "\(refused.err)")
      #expect(refused.remedy == "as root, or with --fd N where it has a descriptor: ls -l /proc/\(nameless.pid)/fd")
    }

    @Test(
      "may be closed, or another's, between the look at it and the opening: the rest is made ready",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"), arguments: ["os.close(100)", "os.dup2(other, 100)"])
    func changing(change: String) throws {
      let process = try Holder(
        Self.mapped
          + """

          os.dup2(memfd("gone", 32 << 20), 101)
          other = memfd("other", 16 << 20)
          def change(*_):
            \(change.replacing("100", with: "101"))
            print("changed", flush=True)
          signal.signal(signal.SIGUSR1, change)
          """)
      let log = scratch.file("log")
      // when it has been looked at, and before it is opened for the work
      let child = try start(
        ["prefault", "--pid", "\(process.pid)", "--json"], under: Traced.standingStill(at: process.path(101), log: log))
      child.wait { Host.text(log).contains("stopped by SIGSTOP") }
      process.send(SIGUSR1)
      try process.waitForOutput("changed")
      let number = try #require(Host.text(log).split(separator: " ").first.flatMap { pid_t($0) })
      kill(number, SIGCONT)
      let ended = child.end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(process.allocated(100) == 64 << 20)
    }

    @Test("is planned, and nothing made, by --dry-run")
    func dryRun() throws {
      let process = try Holder(Self.mapped)
      let ended = try prefault(process, "--dry-run")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("(/memfd:ram (deleted)), 64 MiB, 4 KiB there"), "\(ended.out)")
      #expect(process.allocated(100) == 4096)
    }
  }
}
