@unsafe @preconcurrency import Glibc
import LinuxSystem
import Testing

extension ProgramTests {
  /// Of several that change the pool at once, and of those who would like to keep them from it.
  @Suite("The lock of --grow-pool", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct GrowPoolLockTests {
    let scratch: Scratch
    let page = HugePage.mebibytes2
    let before: Int

    init() throws {
      scratch = try Scratch()
      try scratch.reserve(4, of: .mebibytes2)
      before = HugePage.mebibytes2.total
    }

    /// hugetlbfs, and the pool as it was afterwards.
    private func folder(mebibytes: Int? = nil) throws -> String { try scratch.hugetlbfs(page, mebibytes: mebibytes) }

    @Test("two at once raise it for both")
    func two() throws {
      let folder = try folder()
      let one = try start(["prefault", folder + "/a", "--size", "64M", "--grow-pool"])
      let two = try start(["prefault", folder + "/b", "--size", "64M", "--grow-pool"])
      let ended = [one.end(), two.end()]
      #expect(ended.map(\.status) == [0, 0], "\(ended.map(\.err))")
      #expect(page.total == before + 60, "4 of 64 pages were free")
      #expect(page.available == 0)
    }

    @Test("waits for another one that changes the pool, but no longer than it may")
    func waits() throws {
      let file = try folder() + "/vm"
      let waiting: Child
      do {
        guard let claim = try PoolSize.claim(pageSize: page.bytes) else { throw Failure("somebody has it") }
        let late = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", "--timeout", "300ms")
        #expect(late.status == 6, "\(late.err)")
        #expect(page.total == before)
        waiting = try start(["prefault", file, "--size", "32M", "--grow-pool"])
        usleep(300_000)
        #expect(!waiting.hasEnded)
        _ = consume claim
      }
      #expect(waiting.end().status == 0)
    }

    @Test(
      "who may only read the setting keeps nobody from changing it",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func readersLock() throws {
      let setting = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
      let reader = try Child(Host.ordinaryUser + ["flock", setting, "sh", "-c", "echo locked; exec sleep infinity"])
      try reader.waitForOutput("locked")
      let file = try folder() + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", "--timeout", "5m").status == 0)
    }

    private static let setting = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
    private static let lock = "/run/ktask/pool-2048kB"

    /// Another user who reads what he can, and locks all of it for as long as he likes (fcntl(2), F_SETLK).
    private func attacker(_ files: [String]) throws -> Child {
      let script = """
        use Fcntl;
        $| = 1;
        my @open;
        for (@ARGV) {
          open(my $file, "<", $_) or do { print "$_: $!\n"; next };
          my $lock = pack("ssx4qqlx4", F_RDLCK, 0, 0, 0, 0);
          fcntl($file, F_SETLK, $lock) or die "lock: $!";
          flock($file, 1) or die "flock: $!";
          push @open, $file;
        }
        print "attacking\n";
        sleep 1 while 1;
        """
      let child = try Child(Host.ordinaryUser + ["perl", "-e", script] + files)
      try child.waitForOutput("attacking")
      return child
    }

    @Test(
      "another user who locks all that he can read holds up neither the pool's growth nor its end",
      .enabled(if: Host.hasOrdinaryUser && Host.has("perl"), "\(Host.needsOrdinaryUser), and perl"))
    func attacked() throws {
      let file = try folder() + "/vm"
      // makes the file with the lock, if this is the first time
      #expect(try ktaskctl("prefault", file, "--size", "10M", "--grow-pool").status == 0)
      try tool("rm", file)
      page.setTotal(before)
      let attacker = try attacker([Self.setting, Self.lock])
      for _ in 0..<5 {
        let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", "--timeout", "1m")
        #expect(ended.status == 0, "\(ended.err)")
        #expect(page.total == before + 12)
        try tool("rm", file)
        page.setTotal(before)
        let failed = try ktaskctl(
          "exec", "--size", "32M", "--page-size", "2M", "--grow-pool", "--timeout", "1m", "--", "{}/command")
        #expect(failed.status == 126, "\(failed.err)")
        #expect(page.total == before, "what was raised is given back")
      }
      #expect(!attacker.hasEnded)
    }

    /// There, or with nothing in it, or with the lock's file.
    @Test(
      "where nothing can be put into /run the pool grows, too, one after the other",
      arguments: ["mount -t tmpfs -o ro none /run", "mount -t tmpfs -o ro,mode=755 none /run/ktask", readOnly])
    func noRun(script: String) throws {
      let folder = try folder()
      // makes the lock's file
      #expect(try ktaskctl("prefault", folder + "/first", "--size", "8M", "--grow-pool").status == 0)
      let under = ["unshare", "--mount", "sh", "-c", script + " && exec \"$@\"", "sh"]
      let two = try ["a", "b"].map { name in
        try start(["prefault", "\(folder)/\(name)", "--size", "64M", "--grow-pool"], under: under)
      }
      let ended = two.map { $0.end() }
      #expect(ended.map(\.status) == [0, 0], "\(ended.map(\.err))")
      #expect(page.total == before + 64)
    }

    private static let readOnly = "mount --bind /run/ktask /run/ktask && mount -o remount,ro,bind /run/ktask"

    @Test("is the same for those who can only read it")
    func across() throws {
      let words = ["prefault", try folder() + "/vm", "--size", "32M", "--grow-pool", "--timeout", "300ms"]
      #expect(try ktaskctl("prefault", try folder() + "/first", "--size", "8M", "--grow-pool").status == 0)
      guard let claim = try PoolSize.claim(pageSize: page.bytes) else { throw Failure("somebody has it") }
      let inside = ["unshare", "--mount", "sh", "-c", Self.readOnly + " && exec \"$@\"", "sh"]
      #expect(try start(words, under: inside).end().status == 6)
      #expect(page.total == before)
      _ = consume claim
      #expect(try start(words.dropLast(2), under: inside).end().status == 0)
    }

    @Test("the lock is root's alone, and nothing that another has put into its place")
    func lockFile() throws {
      #expect(try ktaskctl("prefault", try folder() + "/vm", "--size", "8M", "--grow-pool").status == 0)
      #expect(FileFacts(Self.lock)?.mode == 0o600)
      let other = try scratch.tmpfs(mebibytes: 1)
      try tool("chmod", "0700", other)
      for plant in ["ln -s /etc/passwd", "mkfifo", "install -o 65534 -m 0600 /dev/null", "install -m 0644 /dev/null"] {
        let script = "mount --bind \(other) /run/ktask && rm -f \(Self.lock) && \(plant) \(Self.lock) && exec \"$@\""
        let ended = try start(
          ["prefault", try folder() + "/vm", "--size", "32M", "--grow-pool", "--timeout", "1m"],
          under: ["unshare", "--mount", "sh", "-c", script, "sh"]
        ).end()
        #expect([1, 4].contains(ended.status), "\(plant): \(ended.err)")
        #expect(ended.message.hasPrefix("ktaskctl: \(Self.lock): locking the file failed: "), "\(ended.err)")
        #expect(page.total == before)
      }
    }

    @Test(
      "what could not be given back is told, with a status and what does it",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func kept() throws {
      let json = scratch.file("report.json")
      #expect(try ktaskctl("prefault", try folder() + "/vm", "--size", "8M", "--grow-pool").status == 0)
      let words = [
        "exec", "--size", "16M", "--page-size", "2M", "--grow-pool", "--export-json", json, "--", "{}/command",
      ]
      let raised = page.total
      let program = try start(words, under: Traced.slow("madvise", milliseconds: 300))
      program.wait { page.total > raised }
      // another root's process is next, and stays
      let next = try Child(["flock", Self.lock, "sleep", "infinity"])
      let ended = program.end()
      next.kill()
      #expect(ended.status == 1, "\(ended.err)")
      #expect(ended.err.contains("the pool of 2 MiB pages: keeps the "), "\(ended.err)")
      #expect(ended.err.contains(" by which it was raised: another process that changes it has it locked"))
      #expect(page.total > before)
      let document = try Ended(status: 0, out: Host.text(json), err: "", seconds: 0).document()
      #expect(document.errors.map(\.code) == ["command-not-run", "pool-not-given-back"])
      #expect(document.undone?.complete == false)
      let remedy = try #require(ended.remedy)
      try tool("sh", "-c", remedy)
      #expect(page.total == before)
    }
  }
}
