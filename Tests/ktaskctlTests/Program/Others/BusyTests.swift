@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("Two at work on one FILE", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct BusyTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "the second is refused without waiting, and the first is not disturbed", arguments: ["prefault", "clear", "pin"])
    func second(command: String) throws {
      let file = try scratch.tmpfs(mebibytes: 1100) + "/vm"
      let first = try start(["prefault", file, "--size", "1G", "--threads", "1"])
      first.wait { FileFacts(file)?.allocated ?? 0 > 0 }
      let (second, firstEnded) = try first.stopped { (try ktaskctl(command, file, "--json"), first.hasEnded) }
      #expect(second.status == 7, "\(second.err)")
      #expect(
        second.message == "ktaskctl: \(file): another ktaskctl, or another program that locks it, is working on it")
      #expect(try second.document().errors.map(\.code) == ["busy"])
      #expect(!firstEnded, "the first was to be at work still")
      let done = first.end()
      #expect(done.status == 0, "\(done.err)")
      #expect(FileFacts(file)?.allocated == 1 << 30)
    }

    @Test("a lock that another program holds is kept to", arguments: ["prefault", "clear", "pin"])
    func locked(command: String) throws {
      let file = try scratch.tmpfs(mebibytes: 16) + "/vm"
      try tool("truncate", "--size", "4M", file)
      let lock = unsafe open(file, O_RDWR | O_CLOEXEC)
      try #require(flock(lock, LOCK_EX) == 0)
      let ended = try ktaskctl(command, file, "--even-if-open")
      #expect(ended.status == 7 && ended.message.contains("another program that locks it"), "\(ended.err)")
      #expect(FileFacts(file)?.allocated == 0)
      close(lock)
      #expect(try ktaskctl(command, file).status == 0)
    }

    /// As another ktaskctl has for a moment that asks whether it is alone with the file.
    @Test("a lease that another program holds is busy, and one for a moment is waited for", arguments: [true, false])
    func leased(lasting: Bool) throws {
      let file = try scratch.tmpfs(mebibytes: 16) + "/vm"
      try tool("truncate", "--size", "4M", file)
      let holder = try Holder(
        """
        signal.signal(signal.SIGIO, \(lasting ? "signal.SIG_IGN" : "lambda *_: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)"))
        fd = os.open("\(file)", os.O_RDWR)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        """)
      let ended = try ktaskctl("prefault", file)
      #expect(ended.status == (lasting ? 7 : 0), "\(ended.err)")
      holder.kill()
      #expect(try ktaskctl("prefault", file).status == 0)
    }

    @Test(
      "of two that are to make the same file, the later finds the earlier one's busy",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func bothCreate() throws {
      let file = try scratch.tmpfs(mebibytes: 16) + "/vm"
      let later = try start(["prefault", file, "--size", "4M"], under: Traced.slow("openat", path: "vm"))
      usleep(500_000)
      let lock = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      defer { close(lock) }
      try #require(flock(lock, LOCK_EX) == 0)
      let ended = later.end()
      #expect(ended.status == 7, "\(ended.err)")
      #expect(FileFacts(file)?.size == 0, "what the other one made is left alone")
    }
  }
}
