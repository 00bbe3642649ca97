@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// Any user can make a file of as many bytes as its file system counts to.
  @Suite("A file of terabytes that has next to nothing", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct SparseFileTests {
    let scratch: Scratch
    let file: String

    init() throws {
      scratch = try Scratch()
      // a small file system has small blocks, which count to less
      file = try scratch.disk("ext4", mebibytes: 400, options: ["-b", "4096"]) + "/f"
      try tool("truncate", "--size", "15T", file)
    }

    private func write(at offset: Int) throws {
      let file = unsafe open(file, O_WRONLY | O_CLOEXEC)
      defer { close(file) }
      #expect(unsafe pwrite(file, "x", 1, off_t(offset)) == 1)
    }

    static let commands = [
      ["verify", "--info"], ["release"], ["prefault", "--dry-run", "--timeout", "10m"],
    ]

    @Test(
      "is not looked at page by page, nor piece by piece", .enabled(if: Host.canTrace, "\(Host.needsTrace)"),
      arguments: commands, [false, true])
    func calls(words: [String], hasBlock: Bool) throws {
      if hasBlock { try write(at: 5 << 40) }
      let log = scratch.file("log")
      let ended = try start(words + [file], under: ["strace", "-f", "-qq", "-e", "trace=ioctl,mincore", "-o", log])
        .end()
      #expect([0, 3].contains(ended.status), "\(ended.err)")
      #expect(!ended.err.contains("timed out"))
      let calls = Host.text(log).utf8.count { $0 == UInt8(ascii: "\n") }
      #expect(calls < 5000, "\(calls) calls")
      if words == ["release"] { #expect(FileFacts(file)?.allocated == 0) }
      #expect(FileFacts(file)?.size == 15 << 40)
    }

    @Test("what there is of it is found", arguments: [0, 5 << 40 | 12345, (15 << 40) - 1])
    func found(offset: Int) throws {
      try write(at: offset)
      let ended = try ktaskctl("verify", "--info", "--zero", "--json", file)
      #expect(try ended.document().files.map(\.zero) == [false], "\(ended.err)")
      #expect(try ended.document().files.map(\.alreadyResidentBytes) == [4096])
    }

    @Test(
      "a signal and the time limit are heard while it is looked at", arguments: ["verify", "prefault", "release"])
    func heard(command: String) throws {
      // something in each piece, so that there is much to look at
      for piece in 0..<200 { try write(at: (15 << 40) / 200 * piece) }
      sync()
      let late = try ktaskctl(command, file, "--timeout", "1ms")
      #expect(late.status == 6, "\(late.err)")
      #expect(FileFacts(file)?.allocated ?? 0 >= 200 * 4096)
      let child = try start([command, file])
      child.send(SIGTERM)
      #expect([143, -15].contains(child.end().status))
    }
  }
}
