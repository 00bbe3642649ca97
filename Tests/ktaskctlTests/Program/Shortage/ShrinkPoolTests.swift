import LinuxSystem
import Testing

extension ProgramTests {
  @Suite("--shrink-pool and --keep-free", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ShrinkPoolTests {
    let scratch: Scratch
    let page = HugePage.mebibytes2
    let before: Int
    let file: String

    /// 4 pages are free, and none of the pool's is known to be raised.
    init() throws {
      scratch = try Scratch()
      try scratch.reserve(4, of: .mebibytes2)
      before = HugePage.mebibytes2.total
      file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
    }

    /// 16 pages, of which the pool had 4.
    private func grow(_ words: String...) throws {
      let ended = try start(["prefault", file, "--size", "32M", "--grow-pool"] + words).end()
      try #require(ended.status == 0, "\(ended.err)")
    }

    private func release(_ words: String..., under: [String] = []) throws -> Ended {
      try start(["release", file, "--shrink-pool"] + words, under: under).end()
    }

    @Test("what --grow-pool raised for a file goes back with it, and what the pool had before stays")
    func raised() throws {
      try grow()
      #expect(page.total == before + 12)
      let ended = try release("--unlink")
      #expect(ended.status == 0 && ended.err == "", "\(ended.err)")
      let line =
        "the pool of 2 MiB pages: 12 of 16 pages given back to the kernel; no others were raised and are to be had"
      #expect(ended.out.hasSuffix(", no page left, removed\n\(line)\n"), "\(ended.out)")
      #expect(page.total == before && page.available == 4)
      #expect(FileFacts(file) == nil)
    }

    @Test("the document says what went back, and what was going to")
    func document() throws {
      try grow()
      let document = try release("--json").document()
      #expect(document.shrunk?.map(\.pages) == [12] && document.shrunk?.map(\.node) == [0])
      #expect(document.plan?.shrinkPool?.map(\.pages) == [16])
      let again = try release("--json")
      #expect(again.status == 0)
      #expect(try again.document().shrunk?.isEmpty == true)
    }

    @Test("a pool that nobody raised keeps its size")
    func notRaised() throws {
      #expect(try ktaskctl("prefault", file, "--size", "8M").status == 0)
      let ended = try release()
      #expect(ended.status == 0 && ended.out.contains(": 0 of 4 pages given back"), "\(ended.out)")
      #expect(page.total == before && page.available == 4)
    }

    @Test("a part of a file takes so much of the pool with it, and the rest goes with the rest")
    func part() throws {
      try grow()
      #expect(try release("--size", "10M").status == 0)
      #expect(page.total == before + 7)
      #expect(try release().status == 0)
      #expect(page.total == before)
    }

    @Test("what is promised to others stays, and so does what is to be kept for them", arguments: [0, 7])
    func others(kept: Int) throws {
      try grow()
      // 10 pages that somebody else has raised and has mapped, none of which is made yet
      let other = file + "-other"
      try tool("truncate", "--size", "20M", other)
      page.setTotal(page.total + 10)
      let content = try Content(other)
      let promised = page.total
      let ended = try release("--keep-free", "\(kept)", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      // 16 free pages more than are promised, of which 12 were raised
      #expect(page.total == promised - min(12, 16 - kept))
      #expect(page.available == 16 - min(12, 16 - kept))
      content.write(0..<20 << 20)
      #expect(content.isWritten(0..<20 << 20), "every page that it was promised is there")
    }

    @Test("--keep-free leaves so many of the pool's pages free", arguments: [(4, 12), (5, 11), (16, 0), (99, 0)])
    func keepFree(kept: Int, gone: Int) throws {
      try grow()
      let ended = try release("--keep-free", "\(kept)")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(page.total == before + 12 - gone)
      #expect(page.available >= min(kept, 16))
    }

    @Test(
      "--grow-pool --keep-free raises a pool so far that as many stay free, and gives back all of it where it fails")
    func growing() throws {
      try grow("--keep-free", "3")
      #expect(page.total == before + 15 && page.available == 3)
      let again = try ktaskctl("prefault", file, "--grow-pool", "--keep-free", "9")
      #expect(
        again.out.hasSuffix("nothing to do\n") && page.available == 3, "what has its pages takes none from others")
      #expect(try release("--keep-free", "3").status == 0)
      #expect(page.total == before && page.available == 4)
    }

    @Test("is planned by --dry-run, and nothing is done")
    func dryRun() throws {
      try grow()
      let ended = try release("--dry-run", "--keep-free", "6")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("  shrink: the pool of 2 MiB pages by 10 pages at most"), "\(ended.out)")
      #expect(page.total == before + 12 && page.available == 0)
    }

    @Test(
      "a pool that the kernel does not make smaller is told with a remedy and status 4, and the release stays done",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"), arguments: [false, true])
    func refused(json: Bool) throws {
      try grow()
      let under = Traced.failing("pwrite64", "EACCES", when: "1")
      let ended = try json ? release("--unlink", "--json", under: under) : release("--unlink", under: under)
      #expect(ended.status == 4, "\(ended.err)")
      #expect(
        ended.message
          == "ktaskctl: the pool of 2 MiB pages on node 0: keeps the 12 pages that were released: Permission denied (EACCES)"
      )
      #expect(
        ended.remedy
          == "echo \(before) > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages")
      #expect(page.total == before + 12 && page.available == 16)
      #expect(FileFacts(file) == nil, "the release stays done")
      if json {
        let document = try ended.document()
        #expect(document.errors.map(\.code) == ["pool-not-given-back"] && document.undone == nil)
        #expect(document.shrunk?.isEmpty == true)
      } else {
        #expect(ended.out.contains("32 MiB given back in "))
      }
      #expect(try ktaskctl("prefault", file, "--size", "32M").status == 0)
      #expect(try release().status == 0)
      #expect(page.total == before, "what stayed is still known to be raised")
    }

    @Test(
      "who may not change pools is told so before anything is gone",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func noRights() throws {
      try grow()
      try tool("chmod", "666", file)
      let program = Host.ordinaryUser + [try scratch.programForAll()]
      let ended = try Child(program + ["release", file, "--shrink-pool"]).end()
      #expect(ended.status == 4, "\(ended.err)")
      #expect(ended.message.contains("changing the pool failed") && ended.remedy != nil)
      #expect(FileFacts(file)?.allocated == 32 << 20 && page.total == before + 12)
    }

    @Test("a release that fails leaves the pool as it is", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func failing() throws {
      try grow()
      let ended = try release(under: Traced.failing("fallocate", "EIO", when: "1"))
      #expect(ended.status == 1, "\(ended.err)")
      #expect(page.total == before + 12)
    }

    @Test("waits for another one that changes the pool, but no longer than it may, and has touched nothing then")
    func waits() throws {
      try grow()
      do {
        guard let claim = try PoolSize.claim(pageSize: page.bytes) else { throw Failure("somebody has it") }
        let late = try release("--timeout", "300ms")
        #expect(late.status == 6, "\(late.err)")
        #expect(FileFacts(file)?.allocated == 32 << 20)
        _ = consume claim
      }
      #expect(try release().status == 0)
      #expect(page.total == before)
    }

    @Test("without a place to keep count nothing is given back that may be somebody else's")
    func uncounted() throws {
      try grow()
      let under = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs -o ro none /run && exec \"$@\"", "sh"]
      let ended = try release(under: under)
      #expect(ended.status == 1, "\(ended.err)")
      #expect(ended.message.hasSuffix("without /run/ktask nobody has noted how many of them --grow-pool has raised"))
      #expect(page.total == before + 12 && page.available == 16)
    }

    @Test("says so where nothing comes from a pool")
    func noPool() throws {
      let other = try scratch.tmpfs(mebibytes: 40) + "/f"
      #expect(try ktaskctl("prefault", other, "--size", "16M").status == 0)
      let ended = try ktaskctl("release", other, "--shrink-pool")
      #expect(ended.status == 0)
      #expect(ended.err == "ktaskctl: warning: --shrink-pool: nothing here comes from a pool\n")
    }

    @Test(
      "words that make no sense are wrong usage",
      arguments: [
        ["release", "/dev/shm/none", "--keep-free", "3"], ["prefault", "/dev/shm/none", "--keep-free", "3"],
        ["release", "/dev/shm/none", "--shrink-pool", "--keep-free", "-1"],
        ["prefault", "/dev/shm/none", "--grow-pool", "--keep-free", "x"],
      ])
    func usage(words: [String]) throws {
      #expect(try start(words).end().status == 64)
    }
  }
}
