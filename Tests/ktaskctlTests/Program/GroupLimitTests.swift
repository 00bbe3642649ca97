import Testing

extension ProgramTests {
  @Suite("In a control group", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct GroupLimitTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("more memory than the group may have is refused and the group is named")
    func memory() throws {
      let group = try scratch.memoryGroup(limit: 256 << 20)
      let under = Scratch.inside(group)
      for words in [["clear"], ["pin"], ["prefault", try scratch.tmpfs(mebibytes: 600) + "/vm"]] {
        let ended = try start(words + ["--size", "512M"], under: under).end()
        #expect(ended.status == 3, "\(ended.err)")
        let name = group.split(separator: "/").last ?? ""
        #expect(ended.message.contains("needs 513 MiB of memory with its page tables, cgroup "), "\(ended.err)")
        #expect(ended.message.contains(name), "\(ended.err)")
        #expect(ended.remedy == "raise the cgroup's memory limit, or a smaller --size")
      }
      let fits = try ktaskctl("clear", "--size", "64M", "--runs", "1", under: under)
      #expect(fits.status == 0, "\(fits.err)")
    }

    @Test("more huge pages than the group may have are refused and the group is named")
    func hugePages() throws {
      try scratch.reserve(32, of: .mebibytes2)
      let group = try scratch.hugePageGroup(limit: 16 << 20)
      let under = Scratch.inside(group)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "32M", under: under)
      #expect(ended.status == 3, "\(ended.err)")
      #expect(ended.message.contains("needs 16 2 MiB pages, cgroup "), "\(ended.err)")
      #expect(ended.message.contains(group.split(separator: "/").last ?? ""))
      #expect(FileFacts(file) == nil)
      let fits = try ktaskctl("prefault", file, "--size", "16M", under: under)
      #expect(fits.status == 0, "\(fits.err)")
    }

    @Test(
      "a limit for huge pages that cannot be seen is guessed at, and the pool is not told to be short",
      arguments: [
        ["prefault", "FILE"], ["prefault", "FILE", "--method", "fallocate"], ["prefault", "FILE", "--method", "touch"],
        ["clear", "--page-size", "2M"], ["pin", "--page-size", "2M"],
      ])
    func hiddenHugePages(words: [String]) throws {
      try scratch.reserve(32, of: .mebibytes2)
      let group = try scratch.hugePageGroup(limit: 4 << 20)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      let free = HugePage.mebibytes2.free
      let hidden = Scratch.inside(group) + ["unshare", "--mount", "sh", "-c"]
      let covered = hidden + ["mount -t tmpfs none /sys/fs/cgroup && exec \"$@\"", "sh"]
      let ended = try start(words.map { $0 == "FILE" ? file : $0 } + ["--size", "32M"], under: covered).end()
      #expect(ended.status == 3, "\(ended.err)")
      let guess = "the pool has \(free) free: a hugetlb limit of a control group that is not visible here?"
      #expect(ended.message.contains(guess), "\(ended.err)")
      #expect(ended.remedy?.contains("hugetlb limit") == true && ended.remedy?.contains("nr_hugepages") == false)
      #expect(FileFacts(file) == nil)
      #expect(HugePage.mebibytes2.available == 32)
    }
  }
}
