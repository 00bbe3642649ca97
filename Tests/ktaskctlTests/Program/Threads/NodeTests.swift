import Testing

extension ProgramTests {
  /// What one node shows: any machine has node 0. Guests with several are in Tests/Guest.
  @Suite("Nodes")
  struct NodeTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("memory bound to a node is there, page by page, in the document and in the text", arguments: ["0", "+0"])
    func anonymous(nodes: String) throws {
      let words = ["clear", "--size", "64M", "--page-size", "4K", "--nodes", nodes, "--runs", "1", "--warmup", "0"]
      let document = try start(words + ["--json"]).end().document()
      #expect(document.verified?.pagesByNode == ["0": 16384])
      #expect(document.request?.nodes == nodes)
      #expect(document.request?.policy == "bind")
      #expect(document.plan?.nodeTasks.map(\.node) == [0])
      #expect(document.results.allSatisfy { $0.command.contains("--nodes \(nodes) ") })
      let ended = try start(words).end()
      #expect(ended.out.contains(", 4K pages, node 0 (bind), populate"), "\(ended.out)")
      #expect(ended.out.contains(", all zero, 64 MiB on node 0\n"), "\(ended.out)")
    }

    @Test("every policy puts memory on the nodes", arguments: ["bind", "interleave", "preferred"])
    func policies(policy: String) throws {
      let ended = try ktaskctl(
        "clear", "--size", "32M", "--page-size", "4K", "--nodes", "all", "--policy", policy, "--runs", "1", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.request?.policy == policy)
      #expect(document.verified?.pagesByNode?.values.reduce(0, +) == 8192)
    }

    @Test(
      "a file's pages are placed and counted", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
      arguments: ["tmpfs", "hugetlbfs"])
    func files(kind: String) throws {
      let file = try scratch.folder(on: kind) + "/vm"
      let pages = kind == "tmpfs" ? 8192 : 16
      for command in ["prefault", "clear", "pin"] {
        let size = command == "prefault" ? ["--size", "32M"] : []
        let ended = try start([command, file, "--nodes", "0", "--runs", "1", "--json"] + size).end()
        #expect(ended.status == 0, "\(ended.err)")
        #expect(try ended.document().files.first?.pagesByNode == ["0": pages], "\(command)")
      }
    }

    @Test(
      "a pin that has ended leaves a file neither pages nor a policy",
      .enabled(if: Host.isRoot, "\(Host.needsRoot)"), arguments: ["mlock", "io_uring"])
    func pinLeavesNothing(with: String) throws {
      let file = try scratch.folder(on: "tmpfs") + "/vm"
      if with == "io_uring" && !Host.hasRings { try Test.cancel("\(Host.needsRings)") }
      try tool("truncate", "--size", "8M", file)
      let ended = try ktaskctl("pin", file, "--with", with, "--nodes", "0", "--runs", "1")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(FileFacts(file)?.allocated == 0)
      let content = try Content(file)
      let lines = Host.text("/proc/self/numa_maps").split(separator: "\n")
      let line = lines.first { $0.contains("file=\(file)") }
      #expect(line?.split(separator: " ")[1] == "default", "\(line ?? "not among \(lines.count)")")
      _ = content
    }

    @Test(
      "libnuma's own words do not reach standard error, whatever it cannot find",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"),
      arguments: [
        ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /sys && exec \"$@\"", "sh"],
        Traced.failing("sched_getaffinity", "EPERM", when: "1"), Traced.failing("get_mempolicy", "EINVAL", when: "2+"),
      ])
    func silent(under: [String]) throws {
      for words in [["topology"], ["clear", "--size", "1M", "--nodes", "0"], ["clear", "--size", "1M"]] {
        let ended = try start(words, under: under).end()
        #expect(!ended.err.contains("libnuma") && !ended.err.contains("get_mempolicy:"), "\(ended.err)")
      }
      let near = try start(["clear", "--size", "1M", "--nodes", "file:/none"], under: under).end()
      #expect(near.status == 8 && near.err.split(separator: "\n").count == 2, "\(near.err)")
    }

    @Test("the words of libnuma are the program's to catch", .enabled(if: Host.has("nm"), "needs nm, of binutils"))
    func caught() throws {
      let symbols = try tool("nm", "--dynamic", "--defined-only", BuiltProgram.path)
      #expect(symbols.contains(" numa_warn\n") && symbols.contains(" numa_error\n"))
    }

    @Test("nodes that are not there are not supported here; what is to be done instead is said")
    func absent() throws {
      let ended = try ktaskctl("clear", "--size", "1M", "--nodes", "900", "--json")
      #expect(ended.status == 8)
      #expect(ended.err.split(separator: "\n").count == 2, "libnuma is silent: \(ended.err)")
      #expect(ended.message.hasPrefix("ktaskctl: nodes 900: node argument 900 is out of range; this process may have"))
      #expect(ended.remedy == "ktaskctl topology")
      #expect(try ended.document().errors.first?.code == "not-supported")
      #expect(try ktaskctl("clear", "--size", "1M", "--nodes", "pci:ffff:ff:1f.7").status == 8)
    }

    @Test(
      "words that mean no nodes are wrong usage",
      arguments: [
        ["--nodes", "x"], ["--nodes", "1-"], ["--nodes", ""], ["--policy", "bind"],
        ["--nodes", "0", "--policy", "tight"],
        ["--region", "size=1M", "--policy", "bind"], ["--region", "nodes=0", "--size", "0"], ["--region", "node=0"],
      ])
    func wrongWords(words: [String]) throws {
      let ended = try start(["clear", "--size", "1M"] + words).end()
      #expect(ended.status == 64, "\(ended.err)")
      #expect(ended.message.hasPrefix("ktaskctl: wrong usage: "))
    }

    @Test("more than a node has is refused beforehand, and the node named")
    func short() throws {
      let ended = try ktaskctl("clear", "--size", "\(2 * Host.memory)", "--nodes", "0", "--json")
      #expect(ended.status == 3)
      #expect(ended.message.contains(" of memory with its page tables on node 0, "), "\(ended.err)")
      #expect(try ended.document().errors.map(\.node) == [0])
    }

    @Test(
      "a pool's pages are counted on the node, and the remedy works there",
      .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func shortPool() throws {
      try scratch.reserve(20, of: .mebibytes2)
      let words = ["clear", "--size", "60M", "--page-size", "2M", "--nodes", "0", "--runs", "1"]
      let ended = try start(words).end()
      #expect(ended.status == 3)
      #expect(ended.message.hasSuffix("60 MiB needs 30 free 2 MiB pages on node 0, 20 are free"), "\(ended.err)")
      let remedy = try #require(ended.remedy)
      #expect(remedy.hasSuffix("> /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"))
      try tool("sh", "-c", remedy)
      #expect(try start(words).end().status == 0)
    }

    /// hugetlbfs makes a file as long as its longest writable mapping.
    @Test("looking at a file's nodes leaves its size", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func sizeStays() throws {
      try scratch.reserve(16, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      try tool("truncate", "--size", "8M", file)
      try Content(file).write(0..<8 << 20)
      let before = FileFacts(file)
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--nodes", "0", "--dry-run")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("node task: node 0, 24 MiB"), "\(ended.out)")
      #expect(FileFacts(file) == before)
    }

    @Test("--dry-run shows the node of each node task and the checks on it")
    func dryRun() throws {
      let file = scratch.file("vm")
      let ended = try ktaskctl("clear", "--region", "size=8M,nodes=0", "--region", "size=4M", "--dry-run")
      #expect(ended.status == 0, "\(ended.err)")
      for part in [
        "plan: clear, 12 MiB to do", "node task: node 0, 8 MiB", "node task: any node, 4 MiB",
        "check: available memory on node 0: needs ", "check: available memory: needs ",
      ] {
        #expect(ended.out.contains(part), "\(part) in \(ended.out)")
      }
      #expect(FileFacts(file) == nil)
    }
  }
}
