import Testing

extension ProgramTests {
  @Suite("ktaskctl pin")
  struct PinTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("locks anonymous memory and reads it back from the kernel", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func anonymous() throws {
      let ended = try ktaskctl("pin", "--size", "256M", "--page-size", "4K", "--runs", "2", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.verified?.lockedBytes == 256 << 20)
      #expect(document.verified?.residentBytes == 256 << 20)
      #expect(document.results.allSatisfy { $0.times.count == 2 })
    }

    @Test("locks a tmpfs file's memory and leaves what is in it", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func tmpfsFile() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      try tool("truncate", "--size", "64M", file)
      try Content(file).write(0..<16 << 20)
      let ended = try ktaskctl("pin", file, "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().verified?.lockedBytes == 64 << 20)
      #expect(FileFacts(file)?.allocated == 16 << 20, "what was not there is given back, as nothing is to be left")
      let content = try Content(file)
      #expect(content.isWritten(0..<16 << 20))
    }

    @Test(
      "makes a pool's pages, which are locked by their nature", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
      arguments: [(HugePage.mebibytes2, 128), (.gibibyte, 1)])
    func poolPages(page: HugePage, count: Int) throws {
      try scratch.reserve(count, of: page)
      let ended = try ktaskctl(
        "pin", "--size", "\(count * page.bytes)", "--page-size", page.word, "--runs", "1", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().verified?.residentBytes == count * page.bytes)
      #expect(page.available == count)
    }

    @Test(
      "an ordinary user may lock what the limit allows", .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)")
    )
    func withinTheLimit() throws {
      let program = try scratch.programForAll()
      let limit = ["prlimit", "--memlock=4194304"]
      let ended = try Child(limit + Host.ordinaryUser + [program, "pin", "--size", "4M"]).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("4 MiB locked (VmLck)"))
    }

    @Test(
      "a small size needs no huge page below a small limit",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"),
      arguments: [([], "100K", 100 << 10), (["--page-size", "thp"], "100K", 100 << 10), ([], "1", 4096)])
    func smallSize(words: [String], size: String, bytes: Int) throws {
      let program = try scratch.programForAll()
      let limit = ["prlimit", "--memlock=131072"]
      let ended = try Child(limit + Host.ordinaryUser + [program, "pin", "--size", size, "--json"] + words).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().verified?.lockedBytes == bytes)
    }
  }
}
