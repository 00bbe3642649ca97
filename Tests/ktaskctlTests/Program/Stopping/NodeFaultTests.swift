import Testing

extension ProgramTests {
  /// strace as the seam: a policy that the kernel refuses, and a page that it says is elsewhere.
  @Suite("Nodes that go wrong", .enabled(if: Host.canTrace && Host.isRoot, "\(Host.needsTrace), and root"))
  struct NodeFaultTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static let sayingNode1 = "inject=move_pages:poke_exit=@arg5=01000000"
    private static func saying(_ inject: String) -> [String] {
      ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=move_pages,mbind", "-e", inject]
    }

    @Test("a page on another node fails a bound run, which is undone")
    func wrongNode() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let ended = try start(
        ["prefault", file, "--size", "32M", "--nodes", "0", "--json"], under: Self.saying(Self.sayingNode1)
      ).end()
      #expect(ended.status == 1, "\(ended.err)")
      #expect(ended.message.contains(" came to lie on node 1, from offset 0 on, not on node 0; undone"), "\(ended.err)")
      let error = try #require(ended.document().errors.first)
      #expect(error.node == 1 && error.offset == 0)
      #expect(try ended.document().undone?.complete == true)
      #expect(FileFacts(file) == nil)
    }

    @Test("a page on another node is told, and fails nothing, where nodes are only preferred")
    func preferredNode() throws {
      let ended = try start(
        [
          "clear", "--size", "8M", "--page-size", "4K", "--nodes", "0", "--policy", "preferred", "--runs", "1",
          "--json",
        ],
        under: Self.saying(Self.sayingNode1)
      ).end()
      #expect(ended.status == 0, "\(ended.err)")
      // the first page of each call to move_pages(2)
      let pages = try #require(ended.document().verified?.pagesByNode)
      #expect(pages.values.reduce(0, +) == 2048)
      #expect((1...100).contains(pages["1"] ?? 0), "\(pages)")
    }

    @Test("pages that were there before are not moved: the file is refused, and what is in it stays")
    func thereBefore() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      try tool("truncate", "--size", "32M", file)
      try Content(file).write(0..<8 << 20)
      for command in ["prefault", "clear", "pin"] {
        let ended = try start([command, file, "--nodes", "0"], under: Self.saying(Self.sayingNode1)).end()
        #expect(ended.status == 1, "\(ended.err)")
        #expect(ended.message.hasSuffix("from offset 0 on, not on node 0, and pages are not moved"), "\(ended.err)")
        #expect(ended.remedy == "--policy preferred, or remove \(file) and make it anew")
        #expect(FileFacts(file)?.allocated == 8 << 20)
        let content = try Content(file, bytes: 8 << 20)
        #expect(content.isWritten(0..<8 << 20))
      }
    }

    @Test(
      "a policy that the kernel refuses is told with what helps, and nothing is left",
      arguments: [("EPERM", 4), ("ENOSYS", 8), ("EINVAL", 8)] as [(String, Int32)])
    func refusedPolicy(errno: String, status: Int32) throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      for words in [["prefault", file, "--size", "32M"], ["clear", "--size", "32M"]] {
        let ended = try start(words + ["--nodes", "0"], under: Self.saying("inject=mbind:error=\(errno)")).end()
        #expect(ended.status == status, "\(ended.err)")
        #expect(ended.message.contains("binding to nodes failed: "), "\(ended.err)")
        #expect(ended.message.contains("(\(errno))"))
        if errno == "EPERM" { #expect(ended.remedy?.contains("CAP_SYS_NICE") == true) }
        #expect(FileFacts(file) == nil)
      }
    }

    @Test("a kernel that does not tell where pages are fails the run")
    func noAnswer() throws {
      let ended = try start(
        ["clear", "--size", "8M", "--nodes", "0", "--json"], under: Self.saying("inject=move_pages:error=EPERM")
      ).end()
      #expect(ended.status == 4, "\(ended.err)")
      #expect(ended.message.contains("asking for the nodes of pages failed"))
      #expect(try ended.document().errors.first?.errno == "EPERM")
    }

    @Test("files whose pages follow the thread's policy are refused, and left alone")
    func notPlaceable() throws {
      let onDisk = try scratch.disk("ext4", mebibytes: 64) + "/vm"
      let ended = try ktaskctl("prefault", onDisk, "--size", "8M", "--nodes", "0")
      #expect(ended.status == 8)
      #expect(ended.message == "ktaskctl: \(onDisk): ext4 follows the policy of the thread, not that of the memory")
      #expect(ended.remedy?.hasPrefix("numactl --membind=") == true)
      #expect(FileFacts(onDisk) == nil)
      try scratch.reserve(4, of: .mebibytes2)
      let pool = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      #expect(try ktaskctl("prefault", pool, "--size", "8M", "--nodes", "0", "--method", "fallocate").status == 8)
      #expect(FileFacts(pool) == nil)
      #expect(HugePage.mebibytes2.available == 4)
    }
  }
}
