@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// System calls that fail before the work or beside it.
  @Suite("Calls that fail at the start", .enabled(if: Host.isRoot && Host.canTrace, "needs root and strace"))
  struct SetUpFaultTests {
    let scratch: Scratch
    let file: String

    init() throws {
      scratch = try Scratch()
      file = try scratch.tmpfs(mebibytes: 300) + "/vm"
    }

    /// How often a call is made before the program begins to do anything, at most.
    private static let callsOfRuntime = 26

    @Test("a call for signals that fails is told as what it is, whichever it is, or changes nothing")
    func signals() throws {
      for call in ["rt_sigaction", "rt_sigprocmask"] {
        var told = 0
        for number in 1...Self.callsOfRuntime {
          let ended = try start(
            ["prefault", file, "--size", "4M"], under: Traced.failing(call, "EINVAL", when: "\(number)")
          ).end()
          if ended.status == 0 { continue }
          #expect(ended.status == 8, "\(call) \(number): \(ended.err)")
          #expect(ended.message.hasPrefix("ktaskctl: set-up: "), "\(ended.err)")
          #expect(ended.message.hasSuffix(" failed: Invalid argument (EINVAL)"), "\(ended.err)")
          told += 1
        }
        #expect(told > 0, "\(call)")
      }
    }

    @Test("a clock that cannot be read, or not any more, ends nothing", arguments: ["1+", "2+", "3"])
    func clock(when: String) throws {
      let words = ["prefault", file, "--size", "16M", "--threads", "2", "--min-chunk", "2M"]
      let ended = try start(words, under: Traced.failing("clock_gettime", "EPERM", when: when)).end()
      #expect(ended.status == 0, "\(ended.err)")
    }

    @Test("where signals cannot be waited for, they are looked for, and end it with an undo")
    func noWaiting() throws {
      let log = scratch.file("log")
      let slow =
        Traced.failing("rt_sigtimedwait", "ENOSYS", when: "1+")
        .map { $0.replacing("trace=rt_sigtimedwait", with: "trace=rt_sigtimedwait,madvise") }
        .map { $0.replacing("/dev/null", with: log) } + ["-e", "inject=madvise:delay_enter=500000"]
      let child = try start(["prefault", file, "--size", "256M", "--threads", "1"], under: slow)
      while FileFacts(file) == nil, !child.hasEnded { usleep(1000) }
      kill(pid_t(Host.text(log).prefix { $0.isNumber })!, SIGTERM)
      let ended = child.end()
      #expect(ended.status == 143, "\(ended.err)")
      #expect(FileFacts(file) == nil)
    }

    @Test("poll that fails keeps no word from being told")
    func noPoll() throws {
      let ended = try start(
        ["prefault", file, "--size", "4M", "-v"], under: Traced.failing("poll", "ENOSYS", when: "1+")
      ).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("verified: 4 MiB resident"))
    }

    @Test(
      "a --pidfile that cannot be finished does not stay",
      arguments: [
        ("pwrite64", "ENOSPC", 3), ("ftruncate", "EIO", 1), ("fcntl", "EOPNOTSUPP", 8),
      ] as [(String, String, Int32)])
    func pidFile(call: String, errno: String, status: Int32) throws {
      let number = scratch.file("pid")
      var told = 0
      for time in 1...Self.callsOfRuntime {
        let ended = try start(
          ["prefault", file, "--size", "4M", "--pidfile", number], under: Traced.failing(call, errno, when: "\(time)")
        ).end()
        #expect(FileFacts(number) == nil)
        if ended.message.hasPrefix("ktaskctl: \(number): no file for the process's number: ") {
          #expect(ended.status == status && ended.message.hasSuffix("(\(errno))"), "\(ended.err)")
          told += 1
        }
      }
      #expect(told > 0)
    }
  }
}
