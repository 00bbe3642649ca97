import Testing

extension ProgramTests {
  @Suite("Too little, found beforehand")
  struct ShortageTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("more memory than the machine has is refused at once, with need, have and remedy")
    func memory() throws {
      let size = max(64 << 30, 2 * Host.memory)
      let ended = try ktaskctl("clear", "--size", "\(size)", "--json")
      #expect(ended.status == 3)
      #expect(ended.message.contains(" needs ") && ended.message.hasSuffix(" are available"))
      #expect(ended.remedy == "a smaller --size, or stop something else")
      let document = try ended.document()
      #expect(document.errors.map(\.exitStatus) == [3])
      #expect(document.errors.first?.remedy == ended.remedy)
      #expect(document.results.isEmpty)
    }

    @Test("a pool with 100 free pages does not give 200", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func pool() throws {
      try scratch.reserve(100, of: .mebibytes2)
      let total = HugePage.mebibytes2.total
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      let remedy = "echo \(total + 100) > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
      for words in [["prefault", file], ["clear", "--page-size", "2M"], ["pin", "--page-size", "2M"]] {
        let ended = try start(words + ["--size", "400M"]).end()
        #expect(ended.status == 3)
        #expect(ended.message.hasSuffix(": 400 MiB needs 200 free 2 MiB pages, 100 are free"), "\(ended.err)")
        #expect(ended.remedy == remedy)
        #expect(HugePage.mebibytes2.available == 100)
      }
      #expect(FileFacts(file) == nil)
    }

    @Test("the remedy that is told for a pool works", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func remedyWorks() throws {
      try scratch.reserve(10, of: .mebibytes2)
      let words = ["clear", "--size", "40M", "--page-size", "2M", "--runs", "1"]
      let remedy = try #require(try start(words).end().remedy)
      try tool("sh", "-c", remedy)
      #expect(try start(words).end().status == 0)
    }

    @Test("pages that somebody has reserved are not counted as free", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func reservedPages() throws {
      try scratch.reserve(20, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      try tool("truncate", "--size", "30M", folder + "/other")
      let other = try Content(folder + "/other")
      let ended = try ktaskctl("prefault", folder + "/vm", "--size", "20M")
      #expect(ended.status == 3)
      #expect(
        ended.message.contains(": 20 MiB needs 10 free 2 MiB pages, 5 are free; promised to others: 15"), "\(ended.err)"
      )
      #expect(!other.isWritten(0..<4096))
    }

    @Test("a tmpfs of 64 MiB does not give 128", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func tmpfs() throws {
      let file = try scratch.tmpfs(mebibytes: 64) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "128M", "--json")
      #expect(ended.status == 3)
      #expect(ended.message == "ktaskctl: \(file): needs 128 MiB more on its tmpfs, which has 64 MiB left")
      let remedy = try #require(ended.remedy?.split(separator: ",").prefix(2).joined(separator: ","))
      #expect(remedy.contains("remount"))
      try tool("sh", "-c", remedy)
      #expect(try ktaskctl("prefault", file, "--size", "128M").status == 0)
      try tool("rm", file)
      #expect(try ended.document().errors.first?.code == "no-space")
      #expect(FileFacts(file) == nil)
    }

    @Test("a hugetlbfs mount with a limit of its own keeps to it", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func limitedMount() throws {
      try scratch.reserve(32, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2, mebibytes: 16) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "32M")
      #expect(ended.status == 3)
      #expect(ended.message == "ktaskctl: \(file): needs 32 MiB more on its hugetlbfs, which has 16 MiB left")
      #expect(HugePage.mebibytes2.available == 32)
    }

    @Test("a full disk does not give any", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func disk() throws {
      let file = try scratch.disk("ext4", mebibytes: 64) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "128M")
      #expect(ended.status == 3)
      #expect(ended.message.contains("needs 128 MiB more on its ext4, which has "))
      #expect(ended.remedy == "free disk space, or a smaller --size")
      #expect(FileFacts(file) == nil)
    }

    @Test("everything that is short is told, not only the first", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func all() throws {
      let file = try scratch.tmpfs(mebibytes: 64) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "\(max(64 << 30, 2 * Host.memory))", "--json")
      #expect(ended.status == 3)
      #expect(try ended.document().errors.count == 2)
    }
  }
}
