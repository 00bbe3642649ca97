import Testing

extension ProgramTests {
  @Suite("ktaskctl release of a part of FILE", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ReleasePartTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("a part of a file is given back in whole pages only")
    func part() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[3].path
      try Content(file).write(0..<16 << 20)
      #expect(try ktaskctl("release", file, "--size", "\(8 << 20 | 5)").status == 0)
      #expect(FileFacts(file)?.allocated == 8 << 20)
      let content = try Content(file)
      #expect(content.isZero(0..<8 << 20))
      #expect(content.isWritten(8 << 20..<16 << 20))
    }

    @Test(
      "a part is given back from where it is to begin, and the file keeps its size",
      arguments: ["tmpfs", "hugetlbfs", "ext4"])
    func middle(kind: String) throws {
      let file = try scratch.othersFiles(on: kind)[3].path
      // nobody has it mapped while it is worked on
      try Content(file).write(0..<16 << 20)
      let part = try ktaskctl("release", file, "--offset", "4M", "--size", "8M", "--json")
      #expect(part.status == 0, "\(part.err)")
      #expect(FileFacts(file)?.size == 16 << 20)
      #expect(
        try ktaskctl("release", file, "--offset", "4M", "--size", "8M").out.contains(
          "has no pages from 4 MiB to 12 MiB"))
      let kept = try Content(file)
      #expect(kept.isWritten(0..<4 << 20) && kept.isZero(4 << 20..<12 << 20) && kept.isWritten(12 << 20..<16 << 20))
    }

    @Test("a tail is given back up to the file's end", arguments: ["tmpfs", "hugetlbfs", "ext4"])
    func end(kind: String) throws {
      let file = try scratch.othersFiles(on: kind)[3].path
      try Content(file).write(0..<16 << 20)
      let tail = try ktaskctl("release", file, "--offset", "12M")
      #expect(tail.status == 0, "\(tail.err)")
      #expect(tail.out.hasSuffix(", no page left from 12 MiB on\n"), "\(tail.out)")
      #expect(FileFacts(file)?.size == 16 << 20)
      let again = try ktaskctl("release", file, "--offset", "12M")
      #expect(again.out == "\(file): has no pages from 12 MiB on, nothing to do\n")
      let kept = try Content(file)
      #expect(kept.isWritten(0..<12 << 20) && kept.isZero(12 << 20..<16 << 20))
    }

    @Test("the tail of a file gives its memory back, which the pool has then")
    func tail() throws {
      try scratch.reserve(32, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "64M").status == 0)
      let plan = try ktaskctl("release", file, "--offset", "16M", "--dry-run")
      #expect(plan.out.contains("plan: release, 48 MiB to do") && HugePage.mebibytes2.free == 0)
      #expect(try ktaskctl("release", file, "--offset", "16M").status == 0)
      #expect(HugePage.mebibytes2.free == 24)
      #expect(FileFacts(file)?.size == 64 << 20 && FileFacts(file)?.allocated == 16 << 20)
    }

    @Test("pages that are not asked for whole keep their content, and it is said")
    func partialPages() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[3].path
      try Content(file).write(0..<16 << 20)
      for (offset, size, left) in [(4 << 20 | 1, 8 << 20, "4 KiB"), (12 << 20 | 1, 4095, "4 KiB"), (1, 1, "1 B")] {
        let ended = try ktaskctl("release", file, "--offset", "\(offset)", "--size", "\(size)")
        #expect(ended.status == 0)
        let warning =
          "ktaskctl: warning: \(file): only whole pages are given back: \(left) of what was asked for stay\n"
        #expect(ended.err == warning, "\(ended.err)")
      }
      let kept = try Content(file)
      #expect(kept.isWritten(0..<(4 << 20) + 4096) && kept.isWritten(12 << 20..<16 << 20))
      #expect(kept.isZero((4 << 20) + 4096..<12 << 20))
    }

    @Test("a part that is not in the file is wrong usage, and so is one of what is to be removed")
    func beyond() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[3].path
      for words in [
        ["--offset", "17M"], ["--offset", "12M", "--size", "5M"], ["--offset", "8E", "--size", "7E"],
        ["--offset", "\(Int.max)", "--size", "\(Int.max)"], ["--offset", "-1"], ["--offset", "x"],
        ["--unlink", "--offset", "0"], ["--unlink", "--offset", "4M"],
      ] {
        let ended = try start(["release", file] + words).end()
        #expect(ended.status == 64, "\(words): \(ended.err)")
      }
      #expect(FileFacts(file)?.allocated == 16 << 20)
      #expect(try ktaskctl("release", file, "--offset", "16M").status == 0)
      #expect(FileFacts(file)?.allocated == 16 << 20)
      #expect(try ktaskctl("release", file, "--offset", "0").status == 0)
      #expect(FileFacts(file)?.allocated == 0)
    }

    @Test("a machine that became smaller is told how to cut its file, both ways of which work")
    func smaller() throws {
      try scratch.reserve(32, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "64M").status == 0)
      let ended = try ktaskctl("prefault", file, "--size", "32M")
      #expect(ended.status == 0)
      #expect(
        ended.err.hasPrefix("ktaskctl: warning: \(file): has 64 MiB, and what is beyond 32 MiB stays: "), "\(ended.err)"
      )
      let ways = ended.err.split(separator: "stays: ").last?.split(separator: ", ") ?? []
      #expect(ways.count == 2)
      let pages = try #require(ways.last?.split(separator: " gives").first)
      let release = pages.split(separator: " ").dropFirst().map(String.init)
      #expect(try start(release).end().status == 0)
      #expect(HugePage.mebibytes2.free == 16 && FileFacts(file)?.size == 64 << 20)
      try tool("sh", "-c", String(try #require(ways.first?.split(separator: " cuts").first)))
      #expect(FileFacts(file)?.size == 32 << 20 && FileFacts(file)?.allocated == 32 << 20)
      #expect(try ktaskctl("prefault", file, "--size", "32M").err == "")
    }

    @Test("says of a part no more than is so")
    func partsWords() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "16M").status == 0)
      let part = try ktaskctl("release", file, "--size", "4M")
      #expect(part.out.hasSuffix(", no page left in its first 4 MiB\n"), "\(part.out)")
      #expect(
        try ktaskctl("release", file, "--size", "4M").out == "\(file): has no pages in its first 4 MiB, nothing to do\n"
      )
      #expect(
        try ktaskctl("release", file, "--size", "2K").out == "\(file): has no pages in its first 0 B, nothing to do\n")
      #expect(try ktaskctl("release", file).status == 0)
      let empty = try ktaskctl("release", file, "--unlink")
      #expect(empty.out == "\(file): had no pages, removed\n")
      #expect(empty.err == "")
    }
  }
}
