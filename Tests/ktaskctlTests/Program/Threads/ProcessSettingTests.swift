import Testing

extension ProgramTests {
  /// PR_SET_THP_DISABLE, which is inherited.
  @Suite(
    "A process without transparent huge pages", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
    .enabled(if: Host.has("python3"), "needs python3, which switches them off for what it starts"))
  struct ProcessSettingTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static let without = [
      "python3", "-c",
      "import ctypes, os, sys; ctypes.CDLL(None).prctl(41, 1, 0, 0, 0); os.execvp(sys.argv[1], sys.argv[1:])",
    ]
    private static let clear = ["clear", "--size", "64M", "--runs", "1", "--warmup", "0"]

    private func requireSetting() throws {
      if Host.text("/sys/kernel/mm/transparent_hugepage/enabled").contains("[never]") {
        try Test.cancel("needs transparent huge pages")
      }
    }

    @Test("is told so before the work where it asks for them", arguments: ["clear", "pin"])
    func asked(command: String) throws {
      try requireSetting()
      let ended = try ktaskctl(command, "--size", "64M", "--page-size", "thp", under: Self.without)
      #expect(ended.status == 8)
      #expect(ended.message.contains("(PR_SET_THP_DISABLE)"), "\(ended.err)")
      #expect(ended.remedy != nil)
    }

    @Test("clears in base pages where nothing is said, and says why")
    func unasked() throws {
      try requireSetting()
      let ended = try start(Self.clear + ["--json"], under: Self.without).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().request?.pageSize == "4K")
      let text = try start(Self.clear, under: Self.without).end()
      #expect(text.err.contains("warning: 4K pages: ") && text.err.contains("(PR_SET_THP_DISABLE)"), "\(text.err)")
      #expect(try start(["topology"], under: Self.without).end().out.contains("(PR_SET_THP_DISABLE)"))
    }

    @Test("finds a file's huge pages all the same")
    func verify() throws {
      try requireSetting()
      let folder = try scratch.tmpfs(mebibytes: 80)
      try tool("mount", "-o", "remount,huge=always", folder)
      let file = folder + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "64M", "--page-size", "thp").status == 0)
      let seen = try ktaskctl("verify", file, "--page-size", "thp")
      if seen.status != 0 { try Test.cancel("this machine makes no huge pages just now: \(seen.err)") }
      let ended = try ktaskctl("verify", file, "--page-size", "thp", "--json", under: Self.without)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().files.first?.hugeBytes == 64 << 20)
      #expect(try ktaskctl("verify", file, "--page-size", "4K", under: Self.without).status == 2)
    }
  }
}
