import LinuxSystem
import Testing

extension ProgramTests {
  @Suite("--grow-pool", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct GrowPoolTests {
    let scratch: Scratch
    let page = HugePage.mebibytes2
    let before: Int

    init() throws {
      scratch = try Scratch()
      try scratch.reserve(4, of: .mebibytes2)
      before = HugePage.mebibytes2.total
    }

    /// hugetlbfs, and the pool as it was afterwards.
    private func folder(mebibytes: Int? = nil) throws -> String { try scratch.hugetlbfs(page, mebibytes: mebibytes) }

    @Test("raises the pool by what is missing, and a second time by nothing")
    func missing() throws {
      let file = try folder() + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "32M").status == 3)
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(page.total == before + 12, "4 of 16 pages were free")
      #expect(try ended.document().grown?.map(\.pages) == [12])
      let again = try ktaskctl("prefault", file, "--grow-pool")
      #expect(again.out == "\(file): 32 MiB resident already, nothing to do\n")
      #expect(page.total == before + 12)
    }

    @Test("raises it on the node that is asked for")
    func node() throws {
      let file = try folder() + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", "--nodes", "0", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.grown?.map(\.node) == [0])
      #expect(document.plan?.growPool?.map(\.pages) == [12])
      #expect(page.total == before + 12)
    }

    @Test("--dry-run says what would be raised, and raises nothing")
    func dryRun() throws {
      let file = try folder() + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", "--dry-run")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("grow: the pool of 2 MiB pages by 12 pages on any node"))
      #expect(page.total == before)
      #expect(FileFacts(file) == nil)
    }

    @Test("more than the machine has memory for is refused beforehand")
    func tooMuch() throws {
      let file = try folder() + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "\(Host.memory)", "--grow-pool")
      #expect(ended.status == 3, "\(ended.err)")
      #expect(ended.message.contains(" of memory "))
      #expect(page.total == before)
    }

    @Test(
      "a kernel that makes fewer is told with numbers, and what it made is given back",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func shortfall() throws {
      let file = try folder() + "/vm"
      // the kernel's answer to the write is always that it is done; here nothing is
      let deaf = [
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", "inject=pwrite64:retval=3",
      ]
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", under: deaf)
      #expect(ended.status == 3, "\(ended.err)")
      #expect(
        ended.message.hasPrefix(
          "ktaskctl: \(file): the pool of 2 MiB pages lacks 12, and the kernel found memory for 0 of them"))
      #expect(page.total == before)
      #expect(FileFacts(file) == nil)
      let began = try ktaskctl(
        "prefault", file, "--size", "32M", "--grow-pool", "--timeout", "5s", under: deaf)
      #expect(began.status == 3, "a shortfall is told as one, not as a time-out: \(began.err)")
    }

    @Test(
      "a setting that cannot be written is a matter of permission", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func permission() throws {
      let file = try folder() + "/vm"
      let ended = try ktaskctl(
        "prefault", file, "--size", "32M", "--grow-pool", under: Traced.failing("pwrite64", "EACCES", when: "1+"))
      #expect(ended.status == 4, "\(ended.err)")
      #expect(ended.message.contains("changing the pool failed"))
      #expect(page.total == before)
    }

    @Test(
      "a run that fails gives back what it raised", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func failing() throws {
      let file = try folder() + "/vm"
      let ended = try ktaskctl(
        "prefault", file, "--size", "32M", "--grow-pool", under: Traced.failing("ftruncate", "EIO", when: "1"))
      #expect(ended.status == 1, "\(ended.err)")
      #expect(page.total == before)
      #expect(page.available == 4)
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "who may not change pools needs not, where nothing is missing",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func noRights() throws {
      let folder = try folder()
      try tool("chmod", "0777", folder)
      let program = Host.ordinaryUser + [try scratch.programForAll(), "prefault", folder + "/vm", "--grow-pool"]
      let enough = try Child(program + ["--size", "8M"]).end()
      #expect(enough.status == 0, "\(enough.err)")
      let more = try Child(program + ["--size", "32M"]).end()
      #expect(more.status == 4, "\(more.err)")
      #expect(more.message.contains("changing the pool failed"))
      #expect(page.total == before)
    }

    @Test(
      "memory is compacted where the kernel comes up short, and the second try counts",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func compaction() throws {
      let (file, calls) = (try folder() + "/vm", scratch.file("calls"))
      let deafOnce = [
        "strace", "-f", "-qq", "-o", calls, "-e", "trace=pwrite64,openat", "-e", "inject=pwrite64:retval=3:when=1",
      ]
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", under: deafOnce)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(page.total == before + 12)
      #expect(Host.text(calls).contains("/proc/sys/vm/compact_memory"))
    }

    @Test("what could not be told of is undone, the pool too", arguments: [[], ["--hold"]])
    func untold(words: [String]) throws {
      let file = try folder() + "/vm"
      let full = ["sh", "-c", "exec \"$@\" > /dev/full", "sh"]
      let ended = try start(["prefault", file, "--size", "32M", "--grow-pool"] + words, under: full).end()
      #expect(ended.status == 1)
      let why = "No space left on device (ENOSPC)"
      #expect(ended.message == "ktaskctl: \(file): the report could not be written: \(why); undone, 32 MiB given back")
      #expect(page.total == before && page.available == 4)
      #expect(FileFacts(file) == nil)
    }

    @Test("exec raises it, too, and gives it back where the command cannot be run")
    func exec() throws {
      let plain = scratch.file("plain")
      try tool("touch", plain)
      let ended = try ktaskctl("exec", "--size", "32M", "--page-size", "2M", "--grow-pool", "--", plain, "{}")
      #expect(ended.status == 126, "\(ended.err)")
      #expect(page.total == before)
      #expect(page.available == 4)
      #expect(
        try ktaskctl("exec", "--size", "32M", "--page-size", "2M", "--grow-pool", "--", "true", "{}").status == 0)
      #expect(page.total == before + 12)
    }
  }
}
