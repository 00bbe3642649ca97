@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// A long prefault of gigabytes, stopped when a part is done.
  @Suite("Stopping in the middle", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct StopTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// What is made of 4 GiB after a signal, at most: each thread's chunk, and what it gets done until the signal comes.
    private static let moment = 1 << 30

    @Test(
      "a signal ends a prefault on tmpfs within a moment, and nothing is left",
      arguments: [("SIGINT", 2, 130), ("SIGTERM", 15, 143), ("SIGHUP", 1, 129)] as [(String, Int32, Int32)])
    func signals(name: String, signal: Int32, status: Int32) throws {
      let file = try scratch.tmpfs(mebibytes: 4096) + "/vm"
      let child = try begin(file, "4G")
      let (ended, before) = stop(child, signal, file)
      #expect(ended.status == status, "\(ended.err)")
      #expect(ended.message.hasPrefix("ktaskctl: \(file): ended by \(name); undone, "), "\(ended.err)")
      #expect(FileFacts(file) == nil)
      let document = try ended.document()
      #expect(document.errors.map(\.code) == ["signal"])
      #expect(document.undone?.complete == true)
      let undone = try #require(document.undone?.bytes)
      #expect(undone - before < Self.moment, "\(undone) bytes were undone, \(before) were there at the signal")
    }

    @Test("Ctrl-C ends a prefault on hugetlbfs within a moment, and the pool is as it was")
    func pool() throws {
      try scratch.reserve(2048, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      let child = try begin(file, "4G")
      let (ended, before) = stop(child, SIGINT, file)
      #expect(ended.status == 130, "\(ended.err)")
      let undone = try #require(ended.document().undone?.bytes)
      #expect(undone - before < Self.moment, "\(undone) bytes were undone, \(before) were there at the signal")
      #expect(FileFacts(file) == nil)
      #expect(HugePage.mebibytes2.available == 2048)
    }

    @Test("what was in a file stays when the work on it is stopped")
    func oldFile() throws {
      let file = try scratch.tmpfs(mebibytes: 4096) + "/vm"
      try tool("truncate", "--size", "1G", file)
      try Content(file).write(8 << 20..<16 << 20)
      let before = FileFacts(file)
      let (ended, _) = stop(try begin(file, "4G"), SIGTERM, file)
      #expect(ended.status == 143, "\(ended.err)")
      #expect(FileFacts(file)?.size == before?.size)
      #expect(FileFacts(file)?.allocated == before?.allocated)
      let content = try Content(file)
      #expect(content.isWritten(8 << 20..<16 << 20))
    }

    @Test("--timeout ends a prefault when its time is over, and nothing is left")
    func timeout() throws {
      let file = try scratch.tmpfs(mebibytes: 4096) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "4G", "--threads", "1", "--timeout", "200ms", "--json")
      #expect(ended.status == 6, "\(ended.err)")
      #expect(ended.message.hasPrefix("ktaskctl: \(file): timed out after 200"), "\(ended.err)")
      #expect(try ended.document().errors.map(\.code) == ["timed-out"])
      #expect(try ended.document().undone?.bytes ?? 0 < 4 << 30, "it was not done first")
      #expect(FileFacts(file) == nil)
    }

    @Test("--timeout ends anonymous work too, and a time that suffices does not")
    func anonymousTimeout() throws {
      let clear = ["clear", "--size", "1G", "--page-size", "4K", "--threads", "1", "--runs"]
      #expect(try start(clear + ["100", "--timeout", "500ms"]).end().status == 6)
      #expect(try start(clear + ["1", "--timeout", "1h"]).end().status == 0)
    }

    @Test("a second signal does not interrupt the undo")
    func twice() throws {
      let file = try scratch.tmpfs(mebibytes: 4096) + "/vm"
      let child = try begin(file, "4G")
      child.send(SIGINT)
      child.send(SIGTERM)
      usleep(1000)
      let (ended, _) = stop(child, SIGHUP, file)
      #expect([128 + SIGINT, 128 + SIGTERM, 128 + SIGHUP].contains(ended.status), "\(ended.err)")
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "the look beforehand is stopped, too, and then nothing was touched",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"),
      arguments: [["prefault"], ["verify"], ["release"], ["prefault", "--dry-run"]])
    func lookBeforehand(words: [String]) throws {
      let folder = try scratch.tmpfs(mebibytes: 64)
      let files = (1...40).map { "\(folder)/\($0)" }
      for file in files { #expect(Host.write("content", to: file)) }
      // a look at one file takes a fifth of a second, at all of them eight seconds
      let log = scratch.file("log")
      let slow = Traced.slow("fstatfs", milliseconds: 200, log: log)
      let late = try start(words + files + ["--timeout", "1s", "--json"], under: slow).end()
      #expect(late.status == 6, "\(late.err)")
      #expect(late.message.hasPrefix("ktaskctl: \(files[0]), "))
      #expect(late.message.hasSuffix(": timed out after 1.000 s; untouched"), "\(late.err)")
      #expect(try late.document().errors.map(\.code) == ["timed-out"])
      try tool("rm", log)
      let stopped = try start(words + files, under: slow)
      while Host.text(log).isEmpty, !stopped.hasEnded { usleep(1000) }
      kill(pid_t(Host.text(log).prefix { $0.isNumber })!, SIGTERM)
      let ended = stopped.end()
      #expect(ended.status == 143, "\(ended.err)")
      #expect(ended.message.hasSuffix(": ended by SIGTERM; untouched"), "\(ended.err)")
      #expect(Host.text(files[0]) == "content")
    }

    /// Runs until the first pages are there.
    private func begin(_ file: String, _ size: String) throws -> Child {
      let before = FileFacts(file)?.allocated ?? 0
      let child = try start(["prefault", file, "--size", size, "--threads", "1", "--json"])
      child.wait { FileFacts(file)?.allocated ?? 0 > before }
      return child
    }

    /// Sends a signal; the end, and the bytes that were there before it.
    private func stop(_ child: Child, _ signal: Int32, _ file: String) -> (Ended, Int) {
      let before = FileFacts(file)?.allocated ?? 0
      child.send(signal)
      return (child.end(), before)
    }
  }
}
