import Testing

extension ProgramTests {
  /// RLIMIT_AS, RLIMIT_DATA and RLIMIT_STACK: what the process may have for itself.
  @Suite("Limits on the process's own memory", .enabled(if: Host.has("prlimit"), "needs prlimit"))
  struct OwnLimitTests {
    private static func limited(_ limit: String) -> [String] { ["prlimit", "--\(limit)"] }

    @Test(
      "are named beforehand, with what lifts them",
      arguments: [
        ("data=102400000", "90M", "of its own, the limit (RLIMIT_DATA) leaves ", "ulimit -d"),
        ("as=204800000", "400M", "of address space, the limit (RLIMIT_AS) leaves ", "ulimit -v"),
      ], ["clear", "pin"])
    func anonymous(row: (limit: String, size: String, why: String, remedy: String), command: String) throws {
      let ended = try ktaskctl(command, "--size", row.size, "--json", under: Self.limited(row.limit))
      #expect(ended.status == 4, "\(ended.err)")
      #expect(ended.message.contains(row.why), "\(ended.err)")
      #expect(ended.remedy?.contains(row.remedy) == true)
      #expect(try ended.document().errors.first?.code == "resource-limit")
    }

    @Test(
      "of address space hold for files, too",
      .enabled(if: Host.isRoot, "\(Host.needsRoot)"), arguments: ["tmpfs", "hugetlbfs"])
    func files(kind: String) throws {
      let scratch = try Scratch()
      let file = try scratch.folder(on: kind) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "64M", under: Self.limited("as=90000000"))
      #expect(ended.status == 4, "\(ended.err)")
      #expect(
        ended.message.hasPrefix("ktaskctl: \(file): needs ") && ended.message.contains("(RLIMIT_AS)"), "\(ended.err)")
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "that leave enough do not stand in the way, and the plan counts what is left",
      arguments: [("data=204800000", "RLIMIT_DATA"), ("as=409600000", "RLIMIT_AS")])
    func enough(limit: String, name: String) throws {
      let words = ["clear", "--size", "90M", "--runs", "1", "--warmup", "0", "--json"]
      let ended = try start(words, under: Self.limited(limit)).end()
      #expect(ended.status == 0, "\(ended.err)")
      let check = try #require(try ended.document().plan?.checks.first { $0.what == name })
      #expect(check.ok == true)
      #expect(try #require(check.have) < 409_600_000)
    }

    private static let programBytes = FileFacts(BuiltProgram.path)?.size ?? 0

    /// From less than the program takes to start to more than the job needs: every answer is one of three.
    @Test("of any size end in the work, the limit's name or no start, and never in a crash", arguments: ["data", "as"])
    func anySize(limit: String) throws {
      let words = ["clear", "--size", "16M", "--threads", "2", "--min-chunk", "2M", "--runs", "1", "--warmup", "0"]
      for megabytes in stride(from: 9, through: 121, by: 4) {
        let ended = try start(words, under: Self.limited("\(limit)=\(megabytes * 1_000_000)")).end()
        // 126, 127: the loader, or the kernel, before the first instruction of the program; the kernel may kill it, too, and
        // does so with SIGSEGV where it cannot even map the program's file
        let isTooSmall = megabytes * 1_000_000 < Self.programBytes && ended.status == -11
        #expect(
          isTooSmall || [0, 4, 126, 127, -9].contains(ended.status), "\(megabytes) MB: \(ended.status) \(ended.err)")
        if ended.status == 4 { #expect(ended.err.contains("(RLIMIT_\(limit.uppercased()))"), "\(ended.err)") }
      }
    }

    @Test(
      "on the stack that the program cannot live with are told, smaller ones that it can are none",
      arguments: [64, 128])
    func stack(kibibytes: Int) throws {
      let words = ["clear", "--size", "16M", "--runs", "1", "--warmup", "0", "--json"]
      let small = try start(words, under: Self.limited("stack=\(kibibytes << 10)")).end()
      #expect([4, -9, -11].contains(small.status), "\(small.err)")
      if small.status == 4 {
        #expect(small.message.contains("(RLIMIT_STACK)") && small.remedy == "ulimit -s 8192")
        #expect(try small.document().errors.map(\.code) == ["resource-limit"])
      }
      let enough = try start(words + ["--threads", "2", "--min-chunk", "2M"], under: Self.limited("stack=262144")).end()
      #expect(enough.status == 0, "\(enough.err)")
    }
  }
}
