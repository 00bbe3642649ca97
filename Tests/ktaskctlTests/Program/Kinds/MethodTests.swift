import Testing

extension ProgramTests {
  @Suite("The ways pages are made")
  struct MethodTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "every method makes every page of a file, on each file system", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
      arguments: ["populate", "fallocate", "touch"], ["tmpfs", "hugetlbfs", "ext4", "xfs"])
    func files(method: String, kind: String) throws {
      let file = try scratch.folder(on: kind) + "/vm"
      let ended = try ktaskctl(
        "prefault", file, "--size", "64M", "--method", method, "--threads", "2", "--min-chunk", "2M", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.request?.method == method)
      #expect(document.results.first?.helpers.map(\.bytes).reduce(0, +) == 64 << 20)
      let facts = try #require(FileFacts(file))
      #expect(facts.size == 64 << 20)
      #expect(facts.allocated >= 64 << 20)
      let content = try Content(file)
      #expect(content.residentBytes == 64 << 20 || kind == "hugetlbfs")
      #expect(content.isZero)
    }

    @Test("populate and touch make anonymous memory", arguments: ["populate", "touch"])
    func anonymous(method: String) throws {
      let ended = try ktaskctl(
        "clear", "--size", "64M", "--page-size", "4K", "--method", method, "--runs", "1", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.request?.method == method)
      #expect(document.verified?.residentBytes == 64 << 20)
    }

    @Test("fallocate is for files", arguments: ["clear", "pin"])
    func noFallocate(command: String) throws {
      let ended = try ktaskctl(command, "--size", "64M", "--method", "fallocate")
      #expect(ended.status == 8)
      #expect(ended.message == "ktaskctl: anonymous memory: the method fallocate does not work here")
    }

    @Test("a method nobody knows is wrong usage")
    func unknown() throws {
      #expect(try ktaskctl("clear", "--size", "64M", "--method", "pray").status == 64)
    }
  }
}
