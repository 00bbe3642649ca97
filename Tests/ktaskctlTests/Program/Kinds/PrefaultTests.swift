import Testing

extension ProgramTests {
  @Suite("ktaskctl prefault", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct PrefaultTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "makes a hugetlbfs file with all its pages", arguments: [(HugePage.mebibytes2, 256), (.gibibyte, 1)])
    func poolFile(page: HugePage, count: Int) throws {
      try scratch.reserve(count, of: page)
      let file = try scratch.hugetlbfs(page) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "\(count * page.bytes)", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(page.free == 0)
      let facts = try #require(FileFacts(file))
      #expect(facts.size == count * page.bytes)
      #expect(facts.allocated == count * page.bytes)
      let document = try ended.document()
      #expect(document.request?.pageSize == page.word)
      #expect(document.files.map(\.addedBytes) == [count * page.bytes])
      #expect(document.verified?.pageSize == page.bytes)
    }

    @Test("makes a tmpfs file with all its memory")
    func tmpfsFile() throws {
      let file = try scratch.tmpfs(mebibytes: 300) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "256M")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("256 MiB resident"))
      #expect(FileFacts(file)?.allocated == 256 << 20)
      let content = try Content(file)
      #expect(content.isZero)
    }

    @Test("makes a file on a disk with all its blocks, and its pages in memory", arguments: ["ext4", "xfs"])
    func diskFile(kind: String) throws {
      let file = try scratch.disk(kind, mebibytes: 400) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "200M")
      #expect(ended.status == 0, "\(ended.err)")
      let facts = try #require(FileFacts(file))
      #expect(facts.size == 200 << 20)
      #expect(facts.allocated >= 200 << 20)
      let content = try Content(file)
      #expect(content.residentBytes == 200 << 20)
      #expect(content.isZero)
    }

    @Test("makes a new file for its owner only, whatever the umask")
    func mode() throws {
      let file = try scratch.tmpfs(mebibytes: 16) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "2M", under: ["sh", "-c", "umask 0; exec \"$@\"", "sh"])
      #expect(ended.status == 0, "\(ended.err)")
      #expect(FileFacts(file)?.mode == 0o600)
    }

    @Test("finds nothing to do the second time, and says so at once", arguments: ["tmpfs", "hugetlbfs", "ext4"])
    func secondTime(kind: String) throws {
      let file = try scratch.folder(on: kind) + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "64M").status == 0)
      let before = FileFacts(file)
      let again = try ktaskctl("prefault", file, "--size", "64M")
      #expect(again.status == 0, "\(again.err)")
      #expect(again.out == "\(file): 64 MiB resident already, nothing to do\n")
      let document = try ktaskctl("prefault", file, "--json").document()
      #expect(document.files.map(\.addedBytes) == [0])
      #expect(document.files.map(\.alreadyResidentBytes) == [64 << 20])
      #expect(document.plan?.bytesToDo == 0)
      #expect(FileFacts(file) == before)
    }

    @Test(
      "keeps what is in a file while it extends it and fills its holes",
      arguments: ["tmpfs", "hugetlbfs", "ext4", "xfs"])
    func keepsContent(kind: String) throws {
      let file = try scratch.folder(on: kind) + "/vm"
      try tool("truncate", "--size", "32M", file)
      try Content(file).write(8 << 20..<16 << 20)
      let ended = try ktaskctl("prefault", file, "--size", "64M", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let content = try Content(file)
      #expect(content.isWritten(8 << 20..<16 << 20))
      #expect(content.isZero(0..<8 << 20))
      #expect(content.isZero(16 << 20..<64 << 20))
      let facts = try #require(FileFacts(file))
      #expect(facts.size == 64 << 20)
      #expect(facts.allocated >= 64 << 20)
      // the page cache of a disk may have read ahead
      let before = try #require(ended.document().files.first?.alreadyResidentBytes)
      #expect(before == 8 << 20 || before > 8 << 20 && ["ext4", "xfs"].contains(kind))
    }

    @Test("does not cut a file that is larger than --size")
    func larger() throws {
      let file = try scratch.tmpfs(mebibytes: 64) + "/vm"
      try tool("truncate", "--size", "32M", file)
      #expect(try ktaskctl("prefault", file, "--size", "8M").status == 0)
      #expect(FileFacts(file)?.size == 32 << 20)
      #expect(FileFacts(file)?.allocated == 8 << 20)
    }

    @Test("makes two files at once, in one task")
    func twoFiles() throws {
      let folder = try scratch.tmpfs(mebibytes: 300)
      let (one, two) = (folder + "/one", folder + "/two")
      let ended = try ktaskctl("prefault", one, two, "--size", "128M", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(FileFacts(one)?.allocated == 128 << 20)
      #expect(FileFacts(two)?.allocated == 128 << 20)
      let document = try ended.document()
      #expect(document.files.map(\.path) == [one, two])
      #expect(document.plan?.nodeTasks.map(\.bytes) == [128 << 20, 128 << 20])
      #expect(document.results.count == 1)
    }

    @Test("makes a sweep over thread counts on a file of its own, and leaves it resident")
    func sweep() throws {
      let file = try scratch.tmpfs(mebibytes: 128) + "/vm"
      let ended = try ktaskctl(
        "prefault", file, "--size", "64M", "--min-chunk", "2M", "--threads", "1,2", "--runs", "2", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().results.map(\.times.count) == [2, 2])
      #expect(FileFacts(file)?.allocated == 64 << 20)
    }

    @Test("refuses a sweep on a file that has pages of its own, and leaves them")
    func sweepOverOthersPages() throws {
      let file = try scratch.tmpfs(mebibytes: 128) + "/vm"
      try tool("truncate", "--size", "64M", file)
      try Content(file).write(0..<4 << 20)
      let ended = try ktaskctl("prefault", file, "--threads", "1,2")
      #expect(ended.status == 64, "\(ended.err)")
      #expect(ended.message == "ktaskctl: \(file): has 4 MiB of its own, which several runs would have to give back")
      #expect(FileFacts(file)?.allocated == 4 << 20)
      let content = try Content(file)
      #expect(content.isWritten(0..<4 << 20))
    }

    @Test("gives a file its size where its last page is there already", arguments: ["tmpfs", "ext4"])
    func growsWithinAPage(kind: String) throws {
      let file = try (kind == "tmpfs" ? scratch.tmpfs(mebibytes: 8) : scratch.disk("ext4", mebibytes: 40)) + "/vm"
      #expect(Host.write(String(repeating: "x", count: 100), to: file))
      #expect(try ktaskctl("prefault", file, "--size", "4000").status == 0)
      #expect(FileFacts(file)?.size == 4000 && Host.text(file).hasPrefix("xxx"))
      let ended = try ktaskctl("prefault", file, "--size", "4096")
      #expect(ended.status == 0 && ended.out == "\(file): 4 KiB resident already, extended to 4 KiB\n", "\(ended.out)")
      #expect(FileFacts(file)?.size == 4096)
      #expect(try ktaskctl("prefault", file, "--size", "4096").out.hasSuffix("nothing to do\n"))
    }

    @Test("files on one file system are counted together before anything is made")
    func sharedSpace() throws {
      let folder = try scratch.tmpfs(mebibytes: 16)
      let files = ["a", "b"].map { "\(folder)/\($0)" }
      let ended = try start(["prefault"] + files + ["--size", "10M"]).end()
      #expect(ended.status == 3 && ended.message.contains("needs 20 MiB more on its tmpfs"), "\(ended.err)")
      #expect(ended.message.hasSuffix(", with 1 other FILE"), "\(ended.err)")
      #expect(files.allSatisfy { FileFacts($0) == nil })
    }
  }
}
