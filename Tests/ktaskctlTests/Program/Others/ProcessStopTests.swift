@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// A prefault stands still in the middle of a running process's memory.
  @Suite("A running process in the middle of its memory's being made", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ProcessStopTests {
    private static let gibibyte = "os.dup2(memfd('ram', 1 << 30), 100)\nmemory = mmap.mmap(100, 1 << 30)"

    /// Lets `body` come when the first pages are there.
    private func halfway(_ process: Holder, _ body: (Child) throws -> Void) throws -> Ended {
      let child = try start(["prefault", "--pid", "\(process.pid)", "--threads", "1", "--json"])
      child.wait { process.allocated(100) ?? 0 > 0 }
      try child.stopped { try body(child) }
      return child.end()
    }

    @Test("keeps what it has got when the work is stopped: no look whether a page is in use could be in time")
    func stopped() throws {
      let process = try Holder(Self.gibibyte)
      var made = 0
      let ended = try halfway(process) { child in
        made = process.allocated(100) ?? 0
        child.send(SIGINT)
      }
      #expect(ended.status == 130, "\(ended.err)")
      #expect(ended.message.hasSuffix("; what was made by then stays: nothing is taken from a running process"))
      let document = try ended.document()
      #expect(document.undone?.complete == false && document.undone?.bytes == 0)
      #expect(process.allocated(100) ?? 0 >= made)
      #expect(try ktaskctl("prefault", "--pid", "\(process.pid)", "--quiet").status == 0, "the rest")
      #expect(process.allocated(100) == 1 << 30)
    }

    @Test("is missed when it ends: the work ends, too")
    func ended() throws {
      let process = try Holder(Self.gibibyte)
      let ended = try halfway(process) { _ in process.kill() }
      #expect(ended.status == 1, "\(ended.err)")
      #expect(ended.message.contains(": its process has ended"), "\(ended.err)")
      #expect(try ended.document().errors.count == 1)
    }

    @Test("may make it larger meanwhile: what it had is made, and what came to it the next time")
    func grown() throws {
      let process = try Holder(Self.gibibyte)
      let larger = 1 << 30 + 64 << 20
      let ended = try halfway(process) { _ in unsafe #expect(truncate(process.path(100), larger) == 0) }
      #expect(ended.status == 0, "\(ended.err)")
      #expect(process.allocated(100) == 1 << 30)
      var raw = stat()
      unsafe stat(process.path(100), &raw)
      #expect(raw.st_size == larger)
      #expect(try ktaskctl("prefault", "--pid", "\(process.pid)", "--quiet").status == 0)
      #expect(process.allocated(100) == larger)
    }
  }
}
