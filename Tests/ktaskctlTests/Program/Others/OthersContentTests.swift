@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// A prefault stands still in the middle, another program comes to its FILE, and the prefault is told to stop.
  @Suite("What others have put into a FILE meanwhile", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct OthersContentTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static let size = 1 << 30
    private static let small = 64 << 20

    /// What is there in the beginning, and where another program writes a few bytes.
    struct Visit: Sendable, CustomTestStringConvertible {
      var testDescription: String
      /// nil: the prefault makes the file.
      var before: Int?
      var at: Int
      /// What FILE is to have afterwards.
      var size: Int
    }

    static let visits = [
      Visit(testDescription: "in a new file", before: nil, at: 5 << 20, size: size),
      Visit(testDescription: "in a hole", before: small, at: 5 << 20, size: small),
      Visit(testDescription: "beyond the old end", before: small, at: 700 << 20, size: size),
      Visit(testDescription: "beyond the old end, in its page", before: 5, at: 100, size: size),
      Visit(testDescription: "beyond the new end", before: small, at: size + 5, size: size + 10),
    ]

    @Test("stays, and the undo says that it is one in part", arguments: visits)
    func written(visit: Visit) throws {
      let file = try begin("tmpfs", visit.before)
      let ended = try stopped(file) { try write(file, at: visit.at) }
      #expect(ended.status == 130, "\(ended.err)")
      #expect(ended.message.contains("; undone in part, "), "\(ended.err)")
      #expect(try ended.document().undone?.complete == false)
      #expect(read(file, at: visit.at) == "hello")
      #expect(FileFacts(file)?.size == visit.size)
      #expect(FileFacts(file)?.allocated == 4096, "and nothing else")
    }

    @Test("stays on hugetlbfs, where it is written into a mapping")
    func hugePages() throws {
      let file = try begin("hugetlbfs", nil)
      let ended = try stopped(file, "64M") { try Content(file).write(8 << 20..<10 << 20) }
      #expect(ended.status == 130, "\(ended.err)")
      #expect(try ended.document().undone?.complete == false)
      #expect(try Content(file).isWritten(8 << 20..<10 << 20))
      #expect(FileFacts(file)?.allocated == 2 << 20)
    }

    @Test("stays where they keep the file open, in a mapping that no time stamp tells of")
    func keptOpen() throws {
      let file = try begin("tmpfs", Self.small)
      var content: Content?
      let ended = try stopped(file) {
        content = try Content(file)
        content?.write(800 << 20..<801 << 20)
      }
      #expect(try ended.document().undone?.complete == false)
      #expect(content?.isWritten(800 << 20..<801 << 20) == true)
      #expect(content?.isZero(0..<800 << 20) == true, "the mapping is as long as it was")
    }

    @Test("stays where the work fails, too")
    func failed() throws {
      let folder = try scratch.tmpfs(mebibytes: 1100)
      let file = folder + "/vm"
      let child = try start(["prefault", file, "--size", "1G", "--threads", "1", "--json"])
      child.wait { FileFacts(file)?.allocated ?? 0 > 0 }
      try child.stopped {
        let bytes = FileFacts(file)?.allocated ?? 0
        try tool("mount", "-o", "remount,size=\((bytes >> 20) + 16)M", folder)
        try write(file, at: 5)
      }
      let ended = child.end()
      #expect(ended.status == 3, "\(ended.err)")
      #expect(ended.message.contains("; undone in part, "), "\(ended.err)")
      #expect(read(file, at: 5) == "hello")
      #expect(FileFacts(file)?.allocated == 4096)
    }

    @Test("is nothing where they only looked: the undo is whole", arguments: [nil, small])
    func looked(before: Int?) throws {
      let file = try begin("tmpfs", before)
      let ended = try stopped(file) { _ = try Content(file) }
      #expect(try ended.document().undone?.complete == true, "\(ended.err)")
      #expect(FileFacts(file)?.size == before)
      #expect(FileFacts(file)?.allocated ?? 0 == 0)
    }

    @Test("is nothing where they have had the file open all the time: its size comes back")
    func idle() throws {
      let file = try begin("tmpfs", Self.small)
      let other = unsafe open(file, O_RDONLY | O_CLOEXEC)
      defer { close(other) }
      let ended = try stopped(file) {}
      #expect(try ended.document().undone?.complete == true, "\(ended.err)")
      #expect(FileFacts(file)?.size == Self.small)
    }

    @Test("is a new user who relies on the new size: it is neither cut nor removed", arguments: [nil, small])
    func newcomer(before: Int?) throws {
      let file = try begin("tmpfs", before)
      var content: Content?
      let ended = try stopped(file) { content = try Content(file) }
      #expect(try ended.document().undone?.complete == false)
      #expect(FileFacts(file)?.size == Self.size)
      #expect(FileFacts(file)?.allocated == 0)
      withExtendedLifetime(content) {}
    }

    /// nil: none yet.
    private func begin(_ kind: String, _ size: Int?) throws -> String {
      let file = try (kind == "tmpfs" ? scratch.tmpfs(mebibytes: 1100) : scratch.folder(on: kind)) + "/vm"
      if let size { try tool("truncate", "--size", "\(size)", file) }
      return file
    }

    /// Lets `body` come to the file when the first pages are there, and stops the work then.
    private func stopped(_ file: String, _ size: String = "1G", _ body: () throws -> Void) throws -> Ended {
      let child = try start(["prefault", file, "--size", size, "--threads", "1", "--json"])
      child.wait { FileFacts(file)?.allocated ?? 0 > 0 }
      try child.stopped {
        try body()
        child.send(SIGINT)
      }
      return child.end()
    }

    private func write(_ file: String, at offset: Int) throws {
      let other = unsafe open(file, O_WRONLY | O_CLOEXEC)
      defer { close(other) }
      unsafe #expect(pwrite(other, "hello", 5, offset) == 5)
    }

    private func read(_ file: String, at offset: Int) -> String {
      let other = unsafe open(file, O_RDONLY | O_CLOEXEC)
      defer { close(other) }
      var bytes = [UInt8](repeating: 0, count: 5)
      unsafe pread(other, &bytes, 5, offset)
      return String(decoding: bytes, as: UTF8.self)
    }
  }
}
