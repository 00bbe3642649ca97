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

    @Test("holds nothing", arguments: [["pin", "--size", "4M"], ["prefault", "--size", "4M", "FILE"]])
    func hold(words: [String]) throws {
      let words = words.map { $0 == "FILE" ? scratch.file("vm") : $0 }
      #expect(try start(words + ["--hold", "--dry-run", "--json"]).end().document().held == nil)
    }

    @Test("leaves the files of exports as they are, and makes none; streams are told")
    func exports() throws {
      let (old, new) = (scratch.file("old.json"), scratch.file("new.csv"))
      #expect(Host.write("old", to: old))
      let plans: [(words: [String], status: Int32)] = [
        (["clear", "--size", "4M"], 0), (["clear", "--size", "\(2 * Host.memory)"], 3), (["verify", scratch.path], 8),
      ]
      for (words, status) in plans {
        let ended = try start(words + ["--dry-run", "--export-json", old, "--export-csv", new]).end()
        #expect(ended.status == status, "\(ended.err)")
        #expect(Host.text(old) == "old" && FileFacts(new) == nil)
      }
      let told = try ktaskctl("clear", "--size", "4M", "--dry-run", "--export-json", "-", "--quiet")
      #expect(try told.document().plan?.bytesToDo == 4 << 20)
      let nowhere = try ktaskctl("clear", "--size", "4M", "--dry-run", "--export-json", scratch.path + "/none/report")
      #expect(nowhere.status == 1 && nowhere.message.contains("the export could not be written"), "\(nowhere.err)")
    }

    @Test("says what is short, as the run would")
    func short() throws {
      let ended = try ktaskctl("clear", "--size", "\(2 * Host.memory)", "--dry-run")
      #expect(ended.status == 3)
      #expect(ended.remedy != nil)
    }
  }
}
