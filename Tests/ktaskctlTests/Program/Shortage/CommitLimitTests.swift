import Testing

extension ProgramTests {
  /// The setting is the whole machine's: it leaves others some gigabytes, and is put back at once.
  @Suite("A kernel that promises no more memory than there is", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct CommitLimitTests {
    let scratch: Scratch

    init() throws {
      scratch = try Scratch()
      let settings = ["overcommit_memory", "overcommit_kbytes", "overcommit_ratio"]
      let before = settings.map { Host.text("/proc/sys/vm/\($0)") }
      scratch.finally {
        // the last two exclude each other
        for (setting, value) in zip(settings, before) where value != "0" || setting == "overcommit_memory" {
          _ = Host.write(value, to: "/proc/sys/vm/\(setting)")
        }
      }
      let promised = Host.number("Committed_AS:", kilobytesIn: "/proc/meminfo")
      let swap = Host.number("SwapTotal:", kilobytesIn: "/proc/meminfo")
      let limit = "\(max(0, promised - swap) + 6 << 20)"
      guard Host.write(limit, to: "/proc/sys/vm/overcommit_kbytes"),
        Host.write("2", to: "/proc/sys/vm/overcommit_memory")
      else { try Test.cancel("the kernel's setting cannot be changed here") }
    }

    @Test(
      "is asked beforehand, and the remedy works",
      arguments: [["clear"], ["pin"], ["prefault", "FILE"], ["exec", "--"]])
    func short(words: [String]) throws {
      let file = try scratch.tmpfs(mebibytes: 20 << 10) + "/vm"
      let options = ["--size", "8G", "--dry-run"]
      let command =
        [words[0]] + (words.contains("FILE") ? [file] : []) + options + (words[0] == "exec" ? ["--", "true"] : [])
      var ended = try start(command).end()
      #expect(ended.status == 3, "\(ended.out)\(ended.err)")
      // others are promised more meanwhile, on a busy machine more than the remedy leaves them
      for _ in 0..<5 where ended.status == 3 {
        #expect(ended.message.contains(" that nobody was promised yet (vm.overcommit_memory=2), "), "\(ended.err)")
        let remedy = try #require(ended.remedy?.split(separator: ",").first)
        try tool("sh", "-c", remedy.split(separator: ": ").last.map(String.init) ?? "")
        ended = try start(command).end()
      }
      #expect(ended.status == 0, "\(ended.err)")
    }

    @Test("is of no matter to a pool's pages, and lets be made what it leaves")
    func enough() throws {
      try scratch.reserve(8, of: .mebibytes2)
      let pool = try ktaskctl("clear", "--size", "16M", "--page-size", "2M", "--runs", "1", "--dry-run")
      #expect(pool.status == 0, "\(pool.err)")
      #expect(pool.out.contains("check: memory that may be promised (CommitLimit): "))
      let ended = try ktaskctl("clear", "--size", "1G", "--runs", "1", "--warmup", "0", "--threads", "1")
      #expect(ended.status == 0, "\(ended.err)")
    }
  }
}
