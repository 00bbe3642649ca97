@unsafe @preconcurrency import Glibc
import LinuxSystem
import Testing

extension ProgramTests {
  @Suite("--grow-pool", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct GrowPoolTests {
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

    @Test("raises the pool by what is missing, and a second time by nothing")
    func missing() throws {
      let file = try folder() + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "32M").status == 3)
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(page.total == before + 12, "4 of 16 pages were free")
      #expect(try ended.document().grown?.map(\.pages) == [12])
      let again = try ktaskctl("prefault", file, "--grow-pool")
      #expect(again.out == "\(file): 32 MiB resident already, nothing to do\n")
      #expect(page.total == before + 12)
    }

    @Test("raises it on the node that is asked for")
    func node() throws {
      let file = try folder() + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", "--nodes", "0", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.grown?.map(\.node) == [0])
      #expect(document.plan?.growPool?.map(\.pages) == [12])
      #expect(page.total == before + 12)
    }

    @Test("--dry-run says what would be raised, and raises nothing")
    func dryRun() throws {
      let file = try folder() + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", "--dry-run")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("grow: the pool of 2 MiB pages by 12 pages on any node"))
      #expect(page.total == before)
      #expect(FileFacts(file) == nil)
    }

    @Test("more than the machine has memory for is refused beforehand")
    func tooMuch() throws {
      let file = try folder() + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "\(Host.memory)", "--grow-pool")
      #expect(ended.status == 3, "\(ended.err)")
      #expect(ended.message.contains(" of memory "))
      #expect(page.total == before)
    }

    @Test(
      "a kernel that makes fewer is told with numbers, and what it made is given back",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func shortfall() throws {
      let file = try folder() + "/vm"
      // the kernel's answer to the write is always that it is done; here nothing is
      let deaf = [
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", "inject=pwrite64:retval=3",
      ]
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", under: deaf)
      #expect(ended.status == 3, "\(ended.err)")
      #expect(
        ended.message.hasPrefix(
          "ktaskctl: \(file): the pool of 2 MiB pages lacks 12, and the kernel found memory for 0 of them"))
      #expect(page.total == before)
      #expect(FileFacts(file) == nil)
      let began = try ktaskctl(
        "prefault", file, "--size", "32M", "--grow-pool", "--timeout", "5s", under: deaf)
      #expect(began.status == 3, "a shortfall is told as one, not as a time-out: \(began.err)")
    }

    @Test(
      "a setting that cannot be written is a matter of permission", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func permission() throws {
      let file = try folder() + "/vm"
      let ended = try ktaskctl(
        "prefault", file, "--size", "32M", "--grow-pool", under: Traced.failing("pwrite64", "EACCES", when: "1+"))
      #expect(ended.status == 4, "\(ended.err)")
      #expect(ended.message.contains("changing the pool failed"))
      #expect(page.total == before)
    }

    @Test(
      "a run that fails gives back what it raised", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func failing() throws {
      let file = try folder() + "/vm"
      let ended = try ktaskctl(
        "prefault", file, "--size", "32M", "--grow-pool", under: Traced.failing("ftruncate", "EIO", when: "1"))
      #expect(ended.status == 1, "\(ended.err)")
      #expect(page.total == before)
      #expect(page.available == 4)
      #expect(FileFacts(file) == nil)
    }

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

    @Test("where nothing can be put into /run the pool grows, too, one after the other")
    func noRun() throws {
      let folder = try folder()
      let under = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs -o ro none /run && exec \"$@\"", "sh"]
      let two = try ["a", "b"].map { name in
        try start(["prefault", "\(folder)/\(name)", "--size", "64M", "--grow-pool"], under: under)
      }
      let ended = two.map { $0.end() }
      #expect(ended.map(\.status) == [0, 0], "\(ended.map(\.err))")
      #expect(page.total == before + 60, "4 of 64 pages were free")
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
        "exec", "--size", "48M", "--page-size", "2M", "--grow-pool", "--export-json", json, "--", "{}/command",
      ]
      let program = try start(words, under: Traced.slow("madvise", milliseconds: 300))
      program.wait { page.total > before }
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

    @Test(
      "who may not change pools needs not, where nothing is missing",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func noRights() throws {
      let folder = try folder()
      try tool("chmod", "0777", folder)
      let program = Host.ordinaryUser + [try scratch.programForAll(), "prefault", folder + "/vm", "--grow-pool"]
      let enough = try Child(program + ["--size", "8M"]).end()
      #expect(enough.status == 0, "\(enough.err)")
      let more = try Child(program + ["--size", "32M"]).end()
      #expect(more.status == 4, "\(more.err)")
      #expect(more.message.contains("changing the pool failed"))
      #expect(page.total == before)
    }

    @Test(
      "memory is compacted where the kernel comes up short, and the second try counts",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func compaction() throws {
      let (file, calls) = (try folder() + "/vm", scratch.file("calls"))
      let deafOnce = [
        "strace", "-f", "-qq", "-o", calls, "-e", "trace=pwrite64,openat", "-e", "inject=pwrite64:retval=3:when=1",
      ]
      let ended = try ktaskctl("prefault", file, "--size", "32M", "--grow-pool", under: deafOnce)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(page.total == before + 12)
      #expect(Host.text(calls).contains("/proc/sys/vm/compact_memory"))
    }

    @Test("what could not be told of is undone, the pool too", arguments: [[], ["--hold"]])
    func untold(words: [String]) throws {
      let file = try folder() + "/vm"
      let full = ["sh", "-c", "exec \"$@\" > /dev/full", "sh"]
      let ended = try start(["prefault", file, "--size", "32M", "--grow-pool"] + words, under: full).end()
      #expect(ended.status == 1)
      let why = "No space left on device (ENOSPC)"
      #expect(ended.message == "ktaskctl: \(file): the report could not be written: \(why); undone, 32 MiB given back")
      #expect(page.total == before && page.available == 4)
      #expect(FileFacts(file) == nil)
    }

    @Test("exec raises it, too, and gives it back where the command cannot be run")
    func exec() throws {
      let plain = scratch.file("plain")
      try tool("touch", plain)
      let ended = try ktaskctl("exec", "--size", "32M", "--page-size", "2M", "--grow-pool", "--", plain, "{}")
      #expect(ended.status == 126, "\(ended.err)")
      #expect(page.total == before)
      #expect(page.available == 4)
      #expect(
        try ktaskctl("exec", "--size", "32M", "--page-size", "2M", "--grow-pool", "--", "true", "{}").status == 0)
      #expect(page.total == before + 12)
    }
  }
}
