@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("Limits and permissions", .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
  struct LimitTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "a system that gives no more threads is told as the reason for fewer",
      .enabled(if: Host.hasOrdinaryUser && Host.cpus > 1, "\(Host.needsOrdinaryUser), and two CPUs"))
    func noMoreThreads() throws {
      let words = ["clear", "--size", "256M", "--page-size", "4K", "--threads", "2", "--runs", "1", "--warmup", "0"]
      let program = try scratch.programForAll()
      let ended = try Child(Host.ordinaryUser + ["prlimit", "--nproc=1", program] + words).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.err.contains("warning: 2 threads planned, 1 ran: the system gave no more"), "\(ended.err)")
    }

    @Test("RLIMIT_MEMLOCK holds for an ordinary user, and the remedy is told")
    func lockedMemory() throws {
      let program = try scratch.programForAll()
      let words = ["prlimit", "--memlock=4194304"] + Host.ordinaryUser + [program, "pin", "--size", "5M", "--json"]
      let ended = try Child(words).end()
      #expect(ended.status == 4)
      #expect(ended.message.contains("of locked memory, the limit (RLIMIT_MEMLOCK) leaves 4 MiB"), "\(ended.err)")
      #expect(ended.remedy?.contains("ulimit -l") == true)
      #expect(try ended.document().errors.first?.code == "resource-limit")
    }

    @Test("RLIMIT_FSIZE holds for everybody, and no file is made")
    func fileSize() throws {
      let file = scratch.file("vm")
      let ended = try ktaskctl("prefault", file, "--size", "16M", under: ["prlimit", "--fsize=1048576"])
      #expect(ended.status == 4)
      #expect(ended.message == "ktaskctl: \(file): is to have 16 MiB, the limit for files (RLIMIT_FSIZE) is 1 MiB")
      #expect(ended.remedy == "ulimit -f unlimited")
      #expect(FileFacts(file) == nil)
    }

    @Test("a file within RLIMIT_FSIZE is made")
    func withinFileSize() throws {
      let file = scratch.file("vm")
      let ended = try ktaskctl("prefault", file, "--size", "1M", under: ["prlimit", "--fsize=1048576"])
      #expect(ended.status == 0, "\(ended.err)")
      #expect(FileFacts(file)?.size == 1 << 20)
    }

    @Test("a file that may not be written is refused", arguments: ["prefault", "clear", "pin"])
    func unwritable(command: String) throws {
      let program = try scratch.programForAll()
      let file = try scratch.tmpfs(mebibytes: 16) + "/vm"
      try tool("truncate", "--size", "4M", file)
      _ = unsafe chmod(file, 0o644)
      let ended = try Child(Host.ordinaryUser + [program, command, file]).end()
      #expect(ended.status == 4)
      #expect(ended.message.hasPrefix("ktaskctl: \(file): opening failed: ") && ended.message.contains("(EACCES)"))
      #expect(FileFacts(file)?.allocated == 0)
    }

    @Test("a directory that may not be written gets no file")
    func unwritableDirectory() throws {
      let program = try scratch.programForAll()
      let file = scratch.file("vm")
      let ended = try Child(Host.ordinaryUser + [program, "prefault", file, "--size", "2M"]).end()
      #expect(ended.status == 4)
      #expect(ended.message.contains("(EACCES)"))
      #expect(FileFacts(file) == nil)
    }

    @Test("a file system that may not be written gets no file")
    func readOnly() throws {
      let folder = try scratch.tmpfs(mebibytes: 16)
      try tool("mount", "-o", "remount,ro", folder)
      let ended = try ktaskctl("prefault", folder + "/vm", "--size", "2M")
      #expect(ended.status == 4)
      #expect(ended.message.contains("(EROFS)"), "\(ended.err)")
    }

    @Test("an ordinary user makes a file of its own, in tmpfs and in hugetlbfs", arguments: ["tmpfs", "hugetlbfs"])
    func ownFile(kind: String) throws {
      let program = try scratch.programForAll()
      let file = try scratch.folder(on: kind) + "/vm"
      let ended = try Child(Host.ordinaryUser + [program, "prefault", file, "--size", "16M"]).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(FileFacts(file)?.allocated == 16 << 20)
    }
  }
}
