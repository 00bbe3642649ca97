@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("After a SIGKILL", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct KillTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("the next run finishes a tmpfs file, and what was in it stays")
    func tmpfs() throws {
      let file = try scratch.tmpfs(mebibytes: 2048) + "/vm"
      try finishesAfterKill(file)
    }

    @Test("the next run finishes a hugetlbfs file with the pages that its pool has for it")
    func pool() throws {
      try scratch.reserve(1024, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      try finishesAfterKill(file)
      #expect(HugePage.mebibytes2.free == 0)
    }

    /// Of 2 GiB with something in the middle.
    private func finishesAfterKill(_ file: String) throws {
      let bytes = 2 << 30
      try tool("truncate", "--size", "\(bytes)", file)
      try Content(file).write(1 << 30..<(1 << 30) + (8 << 20))
      let left = try killInTheMiddle(file, bytes)
      #expect((8 << 20) + 1..<bytes ~= left, "\(left) bytes were there after the kill")
      let ended = try ktaskctl("prefault", file, "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let entry = try #require(ended.document().files.first)
      #expect(entry.alreadyResidentBytes == left)
      #expect(entry.addedBytes == bytes - left)
      #expect(FileFacts(file)?.allocated == bytes)
      let content = try Content(file)
      #expect(content.isWritten(1 << 30..<(1 << 30) + (8 << 20)))
      #expect(content.isZero(0..<1 << 30))
    }

    /// The bytes that are there then.
    private func killInTheMiddle(_ file: String, _ bytes: Int) throws -> Int {
      let before = FileFacts(file)?.allocated ?? 0
      let child = try start(["prefault", file, "--threads", "1"])
      while !child.hasEnded, FileFacts(file)?.allocated ?? 0 <= before { usleep(200) }
      child.kill()
      return FileFacts(file)?.allocated ?? 0
    }
  }
}
