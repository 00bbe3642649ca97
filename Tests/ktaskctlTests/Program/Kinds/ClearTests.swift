import Testing

extension ProgramTests {
  @Suite("ktaskctl clear")
  struct ClearTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("clears 512 MiB of base pages and proves it")
    func basePages() throws {
      let ended = try ktaskctl("clear", "--size", "512M", "--page-size", "4K", "--runs", "1", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let verified = try #require(ended.document().verified)
      #expect(verified.zero == true)
      #expect(verified.residentBytes == 512 << 20)
      #expect(verified.pageSize == 4096)
      #expect(verified.hugeBytes == 0)
    }

    @Test(
      "clears transparent huge pages and counts those it got",
      .enabled(
        if: !Host.text("/sys/kernel/mm/transparent_hugepage/enabled").contains("[never]"),
        "needs transparent huge pages"))
    func transparentPages() throws {
      let ended = try ktaskctl("clear", "--size", "512M", "--page-size", "thp", "--runs", "1", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.request?.pageSize == "thp")
      #expect(document.verified?.zero == true)
      let huge = document.verified?.hugeBytes ?? 0
      #expect(huge > 256 << 20, "a machine with memory to spare gives huge pages for most of it, not \(huge) bytes")
    }

    @Test(
      "clears pages of a pool and gives them all back", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
      arguments: [(HugePage.mebibytes2, 256), (.gibibyte, 1)])
    func poolPages(page: HugePage, count: Int) throws {
      try scratch.reserve(count, of: page)
      let ended = try ktaskctl(
        "clear", "--size", "\(count * page.bytes)", "--page-size", page.word, "--runs", "2", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let verified = try #require(ended.document().verified)
      #expect(verified.zero == true)
      #expect(verified.pageSize == page.bytes)
      #expect(verified.hugeBytes == count * page.bytes)
      #expect(page.available == count)
    }

    @Test("rounds a size up to whole pages and says how much it did", arguments: ["4097", "1", "1.5K"])
    func wholePages(size: String) throws {
      let ended = try ktaskctl("clear", "--size", size, "--page-size", "4K", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().verified?.residentBytes == (size == "4097" ? 8192 : 4096))
    }

    @Test("rounds no small size up to a transparent huge page", arguments: [("100K", 100 << 10), ("3M", 3 << 20)])
    func smallSize(size: String, bytes: Int) throws {
      let ended = try ktaskctl("clear", "--size", size, "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.verified?.residentBytes == bytes)
      #expect(document.request?.bytes == bytes)
      let demanded = try ktaskctl("clear", "--size", size, "--page-size", "thp")
      #expect(demanded.status == 0 || demanded.status == 8, "\(demanded.err)")
      if demanded.status == 0 && bytes < 1 << 20 {
        #expect(demanded.err.contains("too little for a transparent huge page"), "\(demanded.err)")
      }
      #expect(!demanded.err.contains("only "), "what is beside whole huge pages is no shortfall: \(demanded.err)")
    }

    @Test(
      "zeroes every byte of a tmpfs file in place, and fills its holes",
      .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func tmpfsFile() throws {
      let file = try scratch.tmpfs(mebibytes: 256) + "/vm"
      try tool("truncate", "--size", "200M", file)
      try Content(file).write(50 << 20..<150 << 20)
      let ended = try ktaskctl("clear", file)
      #expect(ended.status == 0, "\(ended.err)")
      let content = try Content(file)
      #expect(content.isZero)
      #expect(FileFacts(file)?.allocated == 200 << 20, "the holes have their memory now")
      #expect(FileFacts(file)?.size == 200 << 20)
    }

    @Test(
      "zeroes a file whose size ends within a page, up to its end", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func partOfAPage() throws {
      let file = try scratch.tmpfs(mebibytes: 64) + "/vm"
      try tool("truncate", "--size", "10485760", file)
      try Content(file).write(0..<10 << 20)
      try tool("truncate", "--size", "10482000", file)
      let ended = try ktaskctl("clear", file)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(FileFacts(file)?.size == 10_482_000)
      let content = try Content(file)
      #expect(content.isZero(0..<10_482_000))
    }

    @Test(
      "zeroes a hugetlbfs file in place", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
      arguments: [(HugePage.mebibytes2, 128), (.gibibyte, 1)])
    func poolFile(page: HugePage, count: Int) throws {
      try scratch.reserve(count, of: page)
      let file = try scratch.hugetlbfs(page) + "/vm"
      let bytes = count * page.bytes
      try tool("truncate", "--size", "\(bytes)", file)
      try Content(file).write(0..<bytes / 2)
      let ended = try ktaskctl("clear", file, "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().verified?.zero == true)
      let content = try Content(file)
      #expect(content.isZero)
      #expect(page.free == 0)
    }

    @Test("refuses a file on a disk and leaves what is in it", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func diskFile() throws {
      let file = try scratch.disk("ext4", mebibytes: 64) + "/vm"
      try tool("truncate", "--size", "8M", file)
      try Content(file).write(0..<8 << 20)
      let ended = try ktaskctl("clear", file)
      #expect(ended.status == 8, "\(ended.err)")
      let content = try Content(file)
      #expect(content.isWritten(0..<8 << 20))
    }

    @Test("needs a size or a FILE")
    func neither() throws {
      let ended = try ktaskctl("clear")
      #expect(ended.status == 64)
      #expect(ended.message.contains("--size"))
    }

    @Test("needs a FILE that is there")
    func missing() throws {
      let ended = try ktaskctl("clear", scratch.file("none"))
      #expect(ended.status == 1)
      #expect(ended.message == "ktaskctl: \(scratch.file("none")): there is no such file")
      #expect(FileFacts(scratch.file("none")) == nil)
    }
  }
}
