import Testing

extension ProgramTests {
  @Suite("--dry-run")
  struct DryRunTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("prints threads, chunk, node task, method and every check, and makes no file")
    func newFile() throws {
      let file = scratch.file("vm")
      let ended = try ktaskctl("prefault", file, "--size", "16M", "--dry-run")
      #expect(ended.status == 0, "\(ended.err)")
      for part in [
        "plan: prefault, 16 MiB to do, 4K pages, populate", "threads 1, chunk 16 MiB", "bound: size / minimum chunk",
        "node task: any node, 16 MiB", "check: space on ", "check: available memory: needs ",
      ] {
        #expect(ended.out.contains(part), "\(part) in \(ended.out)")
      }
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "changes nothing of a file that is there", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
      arguments: ["prefault", "clear", "pin"])
    func oldFile(command: String) throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      try tool("truncate", "--size", "32M", file)
      try Content(file).write(0..<8 << 20)
      let before = FileFacts(file)
      let ended = try ktaskctl(command, file, "--dry-run")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("file: \(file), 32 MiB, 8 MiB there"))
      #expect(FileFacts(file) == before)
      let content = try Content(file)
      #expect(content.isWritten(0..<8 << 20))
    }

    @Test("takes no page from a pool", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func pool() throws {
      try scratch.reserve(16, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--dry-run")
      #expect(ended.out.contains("check: free 2 MiB pages: needs 32 MiB, has 32 MiB: ok"))
      #expect(HugePage.mebibytes2.available == 16)
      #expect(FileFacts(file) == nil)
    }

    @Test("is in the document, too")
    func json() throws {
      let ended = try ktaskctl("clear", "--size", "64M", "--threads", "1", "--dry-run", "--json")
      let document = try ended.document()
      #expect(document.results.isEmpty)
      #expect(document.plan?.threads == [1])
      #expect(document.plan?.nodeTasks.map(\.bytes) == [64 << 20])
      #expect(document.plan?.checks.map(\.ok) == [true])
      #expect(document.plan?.bytesToDo == 64 << 20)
    }

    @Test("says what is short, as the run would")
    func short() throws {
      let ended = try ktaskctl("clear", "--size", "\(2 * Host.memory)", "--dry-run")
      #expect(ended.status == 3)
      #expect(ended.remedy != nil)
    }
  }
}
