import Testing

extension ProgramTests {
  @Suite("Pages that are promised, and pages that are none yet", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct PromisedPageTests {
    let scratch: Scratch
    let page = HugePage.mebibytes2
    init() throws { scratch = try Scratch() }

    @Test("what a mount was promised by min_size= is its files' to have, once and no more")
    func ownPromises() throws {
      try scratch.reserve(64, of: page)
      let folder = try scratch.hugetlbfs(page, options: ["min_size=128M"])
      #expect(page.available == 0 && page.free == 64)
      let plan = try ktaskctl("prefault", folder + "/vm", "--size", "128M", "--dry-run")
      #expect(plan.out.contains("check: free 2 MiB pages: needs 128 MiB, has 128 MiB, promised to it: 64 pages: ok"))
      let tooMuch = try ktaskctl("prefault", folder + "/a", folder + "/b", "--size", "66M")
      #expect(tooMuch.status == 3)
      #expect(tooMuch.message.contains("132 MiB needs 66 free 2 MiB pages, 64 are free"), "\(tooMuch.err)")
      let two = try ktaskctl("prefault", folder + "/a", folder + "/b", "--size", "64M")
      #expect(two.status == 0, "\(two.err)")
      #expect(page.free == 0)
      try tool("rm", folder + "/a", folder + "/b")
      let one = try ktaskctl("prefault", folder + "/vm", "--size", "128M", "--nodes", "0")
      #expect(one.status == 0, "\(one.err)")
    }

    @Test("with size= beside it the kernel tells what of the promises is left")
    func usedPromises() throws {
      try scratch.reserve(64, of: page)
      let folder = try scratch.hugetlbfs(page, options: ["min_size=64M", "size=64M"])
      let other = try scratch.hugetlbfs(page, options: ["min_size=64M"])
      #expect(try ktaskctl("prefault", folder + "/vm", other + "/vm", "--size", "64M").status == 0)
      try tool("rm", folder + "/vm", other + "/vm")
      #expect(page.free == 64 && page.available == 0)
      #expect(try ktaskctl("prefault", folder + "/a", "--size", "32M").status == 0)
      let tooMuch = try ktaskctl("prefault", folder + "/b", "--size", "34M")
      #expect(tooMuch.status == 3)
      #expect(
        tooMuch.err.contains("34 MiB needs 17 free 2 MiB pages, 16 are free; promised to others: 32"), "\(tooMuch.err)")
      let rest = try ktaskctl("prefault", folder + "/b", "--size", "32M")
      #expect(rest.status == 0, "\(rest.err)")
      #expect(page.free == 32)
    }

    @Test(
      "what others were promised is told from what is free",
      arguments: [["prefault", "FILE"], ["clear", "--page-size", "2M"], ["prefault", "FILE", "--nodes", "0"]])
    func othersPromises(words: [String]) throws {
      try scratch.reserve(64, of: page)
      _ = try scratch.hugetlbfs(page, options: ["min_size=128M"])
      let folder = try scratch.hugetlbfs(page)
      let total = page.total
      let ended = try start(words.map { $0 == "FILE" ? folder + "/vm" : $0 } + ["--size", "128M"]).end()
      #expect(ended.status == 3)
      #expect(ended.message.contains(", 0 are free; promised to others: 64"), "\(ended.err)")
      #expect(ended.remedy?.contains("echo \(total + 64) > ") == true)
      #expect(page.free == 64 && page.available == 0)
    }

    @Test("a pool whose other pages are promised to others is not told to have enough")
    func promisedMeanwhile() throws {
      try scratch.reserve(64, of: page)
      _ = try scratch.hugetlbfs(page, options: ["min_size=64M"])
      // all that this one was promised is in use, which the kernel does not tell
      let folder = try scratch.hugetlbfs(page, options: ["min_size=64M"])
      #expect(try ktaskctl("prefault", folder + "/a", "--size", "64M").status == 0)
      let ended = try ktaskctl("prefault", folder + "/b", "--size", "32M")
      #expect(ended.status == 3, "\(ended.err)")
      #expect(!ended.err.contains("control group"), "\(ended.err)")
      #expect(FileFacts(folder + "/b") == nil && page.free == 32)
    }

    @Test(
      "surplus pages come out of available memory, and are refused where there is none",
      arguments: [
        ["prefault", "FILE"], ["prefault", "FILE", "--nodes", "0"], ["clear", "--page-size", "2M"],
        ["prefault", "FILE", "--grow-pool"],
      ])
    func surplus(words: [String]) throws {
      try scratch.reserve(8, of: page)
      scratch.overcommit(1 << 20, of: page)
      let folder = try scratch.hugetlbfs(page)
      let words = words.map { $0 == "FILE" ? folder + "/vm" : $0 }
      let tooMuch = try start(words + ["--size", "1T", "--dry-run"]).end()
      #expect(tooMuch.status == 3, "\(tooMuch.err)")
      #expect(tooMuch.message.contains(" of memory "), "\(tooMuch.err)")
      let enough = try start(words + ["--size", "64M"]).end()
      #expect(enough.status == 0, "\(enough.err)")
    }
  }
}

extension Scratch {
  /// How many surplus pages there may be.
  fileprivate func overcommit(_ pages: Int, of page: HugePage) {
    let before = page.overcommit
    page.overcommit = pages
    finally { page.overcommit = before }
  }
}
