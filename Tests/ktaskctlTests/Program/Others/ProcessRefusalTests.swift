@unsafe @preconcurrency import Glibc
import LinuxSystem
import Testing

extension ProgramTests {
  @Suite("A running process whose memory cannot be made ready", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ProcessRefusalTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    struct Refusal: Sendable, CustomTestStringConvertible {
      var testDescription: String
      var script: String
      var words: [String] = []
      var status: Int32 = 8
      var why: String
      var remedy: String?
    }

    private static let share = "start it with shared memory: of QEMU, a memory backend with share=on and prealloc=off"

    static let refusals = [
      Refusal(
        testDescription: "that shares none", script: "memory = bytearray(16 << 20)",
        why: "shares no memory, and private memory is out of others' reach", remedy: share),
      Refusal(
        testDescription: "that maps a file for itself alone",
        script: "memory = mmap.mmap(memfd('ram', 1 << 20), 1 << 20, flags=mmap.MAP_PRIVATE)",
        why: "maps /memfd:ram (deleted) privately: its memory is copies of its own, which are out of others' reach",
        remedy: share),
      Refusal(
        testDescription: "that has sealed it",
        script: "fd = memfd('ram', 1 << 20, 2); fcntl.fcntl(fd, 1033, 8)",
        why: "memfd:ram (deleted) is sealed: nobody can map it to be written any more"),
      Refusal(
        testDescription: "that has no such descriptor", script: "", words: ["--fd", "123"], status: 1,
        why: "has no descriptor 123", remedy: "ls -l /proc/PID/fd"),
      Refusal(
        testDescription: "that has something else there", script: "one = socket.socket(); os.dup2(one.fileno(), 100)",
        words: ["--fd", "100"], why: "is a socket, not a regular file"),
      Refusal(
        testDescription: "that has a file on a disk there", script: "os.dup2(os.open('/proc/self/exe', 0), 100)",
        words: ["--fd", "100"], why: "and is no memory that a process shares",
        remedy: "ktaskctl prefault /proc/PID/fd/100"),
      Refusal(
        testDescription: "that maps nothing there", script: "", words: ["--map", "1000-2000"], status: 1,
        why: "maps no file at 1000-2000, and private memory is out of others' reach", remedy: "cat /proc/PID/maps"),
    ]

    @Test("is told why, and what would help", arguments: refusals)
    func refused(refusal: Refusal) throws {
      let process = try Holder(refusal.script)
      let ended = try start(["prefault", "--pid", "\(process.pid)", "--json"] + refusal.words).end()
      #expect(ended.status == refusal.status, "\(ended.err)")
      #expect(ended.message.hasSuffix(refusal.why), "\(ended.err)")
      #expect(ended.remedy == refusal.remedy?.replacing("PID", with: "\(process.pid)"))
      #expect(try ended.document().errors.first?.exitStatus == refusal.status)
    }

    @Test("since there is none of that number")
    func missing() throws {
      let process = try Holder("")
      process.kill()
      let ended = try ktaskctl("prefault", "--pid", "\(process.pid)")
      #expect(ended.status == 1)
      #expect(ended.err == "ktaskctl: process \(process.pid): there is no such process\n")
    }

    @Test("since it has ended, and nobody has waited for it yet")
    func zombie() throws {
      let parent = try Holder(
        """
        child = os.fork()
        if child == 0: os._exit(0)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        """)
      let child = Host.text("/proc/\(parent.pid)/task/\(parent.pid)/children")
      let ended = try ktaskctl("prefault", "--pid", child)
      #expect(ended.status == 1)
      #expect(ended.err == "ktaskctl: process \(child): has ended\n")
    }

    @Test("since the number is that of a thread")
    func thread() throws {
      let process = try Holder(
        "import threading, time\nthread = threading.Thread(target=time.sleep, args=(1000,), daemon=True)\nthread.start()"
      )
      let threads = try #require(ProcessFacts.threads(of: process.pid)).filter { $0 != process.pid }
      let thread = try #require(threads.first)
      let ended = try ktaskctl("prefault", "--pid", "\(thread)")
      #expect(ended.status == 8, "\(ended.err)")
      #expect(ended.message == "ktaskctl: process \(thread): is a thread of a process, and no process")
    }

    @Test("since it is the kernel's own")
    func kernelThread() throws {
      guard let number = ProcessFacts.kernelThread else {
        try Test.cancel("no thread of the kernel is to be seen here")
      }
      let ended = try ktaskctl("prefault", "--pid", "\(number)")
      #expect(ended.status == 8, "\(ended.err)")
      #expect(
        ended.message
          == "ktaskctl: process \(number): is a thread of the kernel, which has no memory of its own")
    }

    @Test(
      "is told together with what a running process forbids",
      arguments: [
        ["--fd", "3"], ["--map", "1000-2000"], ["--pid", "1", "FILE"], ["--pid", "1", "--size", "1G"],
        ["--pid", "1", "--mode", "660"], ["--pid", "1", "--nodes", "0"], ["--pid", "1", "--hold"],
        ["--pid", "1", "--runs", "2"], ["--pid", "1", "--threads", "1,2"], ["--pid", "1", "--even-if-open"],
        ["--pid", "1", "--fd", "3", "--map", "1000-2000"], ["--pid", "0"], ["--pid", "1", "--map", "2000-1000"],
        ["--pid", "1", "--map", "lots"], ["--pid", "1", "--fd", "-1"],
      ])
    func wrongUsage(words: [String]) throws {
      let ended = try start(["prefault"] + words).end()
      #expect(ended.status == 64, "\(ended.err)")
      #expect(ended.remedy == "ktaskctl prefault --help")
    }
  }
}

private enum ProcessFacts {
  static func threads(of process: pid_t) -> [pid_t]? {
    (try? SystemFiles().names(in: "/proc/\(process)/task"))?.compactMap { pid_t($0) }
  }

  /// The first that there is.
  static var kernelThread: Int? {
    let names = (try? SystemFiles().names(in: "/proc")) ?? []
    return names.compactMap { Int($0) }.sorted().first { number in
      (try? RunningProcess(number))?.kind == .kernelThread
    }
  }
}
