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

    @Test("the group is found by its name, whatever that ends in, or is not known", arguments: [" ", "\\377"])
    func strangeName(ending: String) throws {
      let group = try scratch.memoryGroup(limit: 256 << 20)
      let script = """
        inner="$(printf '\(group)/inner\(ending)')" && mkdir "$inner" && echo $$ > "$inner/cgroup.procs" && exec "$@"
        """
      scratch.finally { _ = try? tool("sh", "-c", "rmdir \(group)/inner*") }
      let ended = try start(["clear", "--size", "512M", "--dry-run"], under: ["sh", "-c", script, "sh"]).end()
      if ending == " " {
        #expect(ended.status == 3, "\(ended.out) \(ended.err)")
        #expect(ended.message.contains("needs 513 MiB of memory with its page tables, cgroup "), "\(ended.err)")
      } else {
        let why = "the control group for memory, whose name is not UTF-8, cannot be seen from here"
        let line = "check: memory of cgroup of this process: not made, " + why
        #expect(ended.out.contains(line), "\(ended.out) \(ended.err)")
      }
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

    /// A shell in the group reads files twice, which makes their pages active, and leaves them in the cache.
    @Test("file cache that the kernel can drop is available, however much it is in use")
    func hotCache() throws {
      let group = try scratch.memoryGroup(limit: 300 << 20)
      let file = try scratch.disk("ext4", mebibytes: 400) + "/cached"
      try tool("dd", "if=/dev/urandom", "of=\(file)", "bs=1M", "count=200", "status=none", "oflag=direct")
      let read = "for i in 1 2 3; do cat \(file) > /dev/null; done"
      #expect(try Child(Scratch.inside(group) + ["sh", "-c", read]).end().status == 0)
      let cached = Host.number("active_file", in: group + "/memory.stat")
      if cached < 150 << 20 { try Test.cancel("the kernel keeps only \(cached) bytes as active cache") }
      let words = ["clear", "--size", "150M", "--runs", "1", "--warmup", "0"]
      let ended = try start(words, under: Scratch.inside(group)).end()
      #expect(ended.status == 0, "\(ended.err)")
    }

    /// As in a container: its own group is mounted where the process sees groups, and a limit is set above it.
    @Test("a limit above what a container sees is found in what the group says of it")
    func limitAbove() throws {
      let above = try scratch.memoryGroup(limit: 128 << 20)
      let inner = above + "/inner"
      try tool("mkdir", inner)
      scratch.finally { _ = try? tool("rmdir", inner) }
      let place = "/sys/fs/cgroup"
      let script = """
        echo $$ > \(inner)/cgroup.procs && mkdir -p \(scratch.path)/cg && mount --bind \(inner) \(scratch.path)/cg \
        && mount -t tmpfs none \(place) && mkdir \(place)/memory && mount --move \(scratch.path)/cg \(place)/memory \
        && exec "$@"
        """
      let under = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
      let ended = try start(["clear", "--size", "200M"], under: under).end()
      if ended.status == 1, ended.err.contains("mount:") {
        try Test.cancel("groups cannot be mounted so: \(ended.err)")
      }
      #expect(ended.status == 3, "\(ended.err)")
      #expect(ended.message.contains("cgroup above \(place)/memory has "), "\(ended.err)")
    }
  }
}
