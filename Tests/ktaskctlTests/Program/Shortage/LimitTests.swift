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

    @Test("of files: an answer that has no room in one is told, whatever was asked")
    func answers() throws {
      let program = BuiltProgram.path
      for (words, status) in [("--version", 1), ("run --dry-run -- true", 1), ("clear --bogus --json", 64)] {
        let line = "ulimit -f 0; trap - XFSZ; exec \(program) \(words) > \(scratch.file("answer"))"
        let ended = try Child(["sh", "-c", line]).end()
        #expect(ended.status == status, "\(words): \(ended.err)")
      }
    }

    @Test("RLIMIT_FSIZE holds for everybody, and no file is made")
    func fileSize() throws {
      let file = scratch.file("vm")
      let ended = try ktaskctl("prefault", file, "--size", "16M", under: ["prlimit", "--fsize=1048576:"])
      #expect(ended.status == 4)
      #expect(ended.message == "ktaskctl: \(file): is to have 16 MiB, the limit for files (RLIMIT_FSIZE) is 1 MiB")
      #expect(ended.remedy == "ulimit -f unlimited")
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "what is told against a limit works where it is told, up to the hard limit",
      arguments: [
        ["--memlock=65536:8388608", "pin", "--size", "2M"], ["--fsize=65536:", "prefault", "FILE", "--size", "4M"],
        ["--fsize=65536:8388608", "prefault", "FILE", "--size", "8M"],
      ])
    func remedyWorks(words: [String]) throws {
      let folder = try scratch.tmpfs(mebibytes: 16)
      let program = try scratch.programForAll()
      let command = [program] + words.dropFirst().map { $0 == "FILE" ? folder + "/vm" : $0 }
      let limited = ["prlimit", words[0]] + Host.ordinaryUser
      let ended = try Child(limited + command).end()
      #expect(ended.status == 4, "\(ended.err)")
      let remedy = try #require(ended.remedy)
      for shell in ["sh", "bash"] {
        let again = try Child(limited + [shell, "-c", "\(remedy) && \(command.joined(separator: " "))"]).end()
        #expect(again.status == 0, "\(shell), \(remedy): \(again.err)")
        _ = try tool("rm", "-f", folder + "/vm")
      }
    }

    @Test("no command is told that a hard limit forbids")
    func hardLimit() throws {
      let program = try scratch.programForAll()
      let limited = ["prlimit", "--memlock=65536"] + Host.ordinaryUser
      let ended = try Child(limited + [program, "pin", "--size", "2M"]).end()
      #expect(ended.status == 4)
      let remedy = try #require(ended.remedy)
      #expect(!remedy.contains("ulimit -l unlimited") && remedy.contains("memlock"), "\(remedy)")
      let service = try Child(["env", "INVOCATION_ID=1"] + limited + [program, "pin", "--size", "2M"]).end()
      #expect(service.remedy?.hasPrefix("LimitMEMLOCK=infinity in ") == true, "\(service.err)")
    }

    @Test(
      "the root of a user namespace is told what its container is to be started with",
      .enabled(if: Host.hasOrdinaryUser && Host.hasUserNamespaces, "needs user namespaces"))
    func userNamespace() throws {
      let words = ["prlimit", "--memlock=65536", "unshare", "--user", "--map-root-user"]
      let ended = try start(["pin", "--size", "2M"], under: words).end()
      #expect(ended.status == 4, "\(ended.err)")
      let remedy = try #require(ended.remedy)
      #expect(remedy.contains("--ulimit memlock=-1") && !remedy.contains("ulimit -l unlimited"), "\(remedy)")
      let shared = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
      let mounted =
        "mount -t tmpfs -o size=16M none /dev/shm && exec \(BuiltProgram.path) prefault /dev/shm/vm --size 20M"
      let short = try Child(shared + [mounted]).end()
      #expect(short.status == 3, "\(short.err)")
      #expect(short.remedy == "--shm-size=20m for its container, or a smaller --size", "\(short.err)")
    }

    @Test("an ordinary user is told what root can do, and root the command itself")
    func asRoot() throws {
      let program = try scratch.programForAll()
      let words = ["clear", "--size", "4T", "--page-size", "2M"]
      let root = try #require(try start(words).end().remedy)
      let user = try #require(try Child(Host.ordinaryUser + [program] + words).end().remedy)
      #expect(root.hasPrefix("echo ") && root.hasSuffix("/nr_hugepages"))
      #expect(user.hasPrefix("as root") && user.hasSuffix(root), "\(user)")
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
