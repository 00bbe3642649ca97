import Testing

extension ProgramTests {
  @Suite("--region")
  struct RegionTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("several files of different sizes are done together", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func files() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let (one, two) = (folder + "/one", folder + "/two")
      let regions = ["--region", "path=\(one),size=16M,nodes=0", "--region", "nodes=all,size=24M,path=\(two)"]
      let ended = try start(["prefault", "--json"] + regions).end()
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.files.map(\.path) == [one, two])
      #expect(document.files.map(\.addedBytes) == [16 << 20, 24 << 20])
      #expect(document.files.map(\.pagesByNode) == [["0": 4096], ["0": 6144]])
      #expect(document.request?.bytes == 40 << 20)
      #expect(document.request?.regions == [regions[1], regions[3]])
      #expect(document.results.first?.command.contains(regions.joined(separator: " ")) == true)
      #expect(FileFacts(one)?.allocated == 16 << 20)
      #expect(FileFacts(two)?.allocated == 24 << 20)
      try Content(one).write(0..<16 << 20)
      #expect(try start(["clear"] + regions).end().status == 0)
      let content = try Content(one)
      #expect(content.isZero)
    }

    @Test("several pieces of anonymous memory are done together")
    func anonymous() throws {
      let ended = try ktaskctl(
        "clear", "--region", "size=16M,nodes=0", "--region", "size=8M", "--page-size", "4K", "--runs", "1", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.verified?.zero == true)
      #expect(document.verified?.residentBytes == 24 << 20)
      #expect(document.request?.bytes == 24 << 20)
      #expect(document.plan?.nodeTasks.map(\.bytes) == [16 << 20, 8 << 20])
      #expect(document.plan?.nodeTasks.map(\.node) == [0, nil])
    }

    @Test("what a region leaves out is that of the whole command", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func defaults() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let ended = try ktaskctl("prefault", "--region", "path=\(file)", "--size", "8M", "--nodes", "0", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.plan?.nodeTasks.map(\.node) == [0])
      #expect(document.request?.bytes == 8 << 20)
      #expect(FileFacts(file)?.size == 8 << 20)
    }

    @Test("regions that do not go together, or lack something, are wrong usage")
    func wrongUsage() throws {
      let file = scratch.file("vm")
      for (words, reason) in [
        (["clear", "--region", "size=1M", file], "exclude each other"),
        (["clear", "--region", "nodes=0"], "needs size=SIZE"),
        (["clear", "--region", "size=1M", "--region", "path=\(file)"], "two calls"),
        (["prefault", "--region", "size=1M"], "needs path=FILE"),
        (["prefault"], "needs a FILE"),
        (["prefault", "--size", "1M", "--region", "path=\(file)", "--region", "path=\(file)"], "named before it"),
      ] {
        let ended = try start(words).end()
        #expect(ended.status == 64, "\(words): \(ended.err)")
        #expect(ended.message.contains(reason), "\(ended.err)")
      }
      #expect(FileFacts(file) == nil)
    }

    @Test("one that fails has the others undone, too", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func failure() throws {
      let folder = try scratch.tmpfs(mebibytes: 24)
      let words = ["path=\(folder)/one,size=16M,nodes=0", "path=\(folder)/two,size=16M"]
      let ended = try ktaskctl("prefault", "--region", words[0], "--region", words[1])
      #expect(ended.status == 3, "\(ended.err)")
      #expect(FileFacts(folder + "/one") == nil)
      #expect(FileFacts(folder + "/two") == nil)
    }
  }
}
