@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("ktaskctl exec")
  struct ExecTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("runs a command that finds the memory under {}, all of it there and zero")
    func finds() throws {
      let ended = try ktaskctl(
        "exec", "--size", "32M", "--", "sh", "-c", "stat -Lc '%s %b' {} && tr -d '\\0' <{} | wc -c; echo at={}.")
      #expect(ended.status == 0, "\(ended.err)")
      let lines = ended.out.split(separator: "\n")
      #expect(lines.first == "\(32 << 20) \((32 << 20) / 512)")
      #expect(lines[1] == "0")
      #expect(lines[2].hasPrefix("at=/proc/self/fd/") && lines[2].hasSuffix("."))
      #expect(ended.err == "")
    }

    @Test("hands over the command's words as they are")
    func words() throws {
      let words = ["--lines", "-5", "", "a b", "--", "--size", "-1", "--json"]
      let ended = try start(["exec", "--size", "4M", "--quiet", "--", "printf", "<%s>"] + words).end()
      #expect(ended.out == words.map { "<\($0)>" }.joined(), "\(ended.err)")
    }

    @Test("hands over that one descriptor and no other")
    func descriptors() throws {
      let plain = try tool("sh", "-c", "ls /proc/self/fd").split(separator: "\n").count
      let ended = try ktaskctl("exec", "--size", "4M", "--quiet", "--", "sh", "-c", "ls /proc/self/fd")
      #expect(ended.out.split(separator: "\n").count == plain + 1, "\(ended.out)")
    }

    @Test("is replaced by the command: same process, its exit status, its signals")
    func replaced() throws {
      #expect(try ktaskctl("exec", "--size", "4M", "--quiet", "--", "sh", "-c", "exit 42").status == 42)
      #expect(try ktaskctl("exec", "--size", "4M", "--quiet", "--", "sh", "-c", "kill -TERM $$").status == -SIGTERM)
      let child = try start(["exec", "--size", "4M", "--quiet", "--", "sh", "-c", "echo $$; exec sleep infinity"])
      child.wait { Host.text("/proc/\(child.pid)/comm") == "sleep" }
      child.send(SIGTERM)
      let ended = child.end()
      #expect(ended.status == -SIGTERM)
      #expect(ended.out == "\(child.pid)\n")
    }

    @Test("lets every signal through to the command, but for those that its own caller ignored")
    func signals() throws {
      let state = ["exec", "--size", "4M", "--quiet", "--", "sh", "-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status"]
      let plain = try start(state).end().out
      #expect(plain.hasPrefix("SigBlk:\t0000000000000000\n"))
      #expect(Self.ignored(plain).isDisjoint(with: [SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ, SIGPIPE, SIGIO]))
      let ignoring = ["sh", "-c", "trap '' HUP XFSZ; exec \"$@\"", "sh"]
      let under = try start(state, under: ignoring).end().out
      #expect(Self.ignored(under) == Self.ignored(plain).union([SIGHUP, SIGXFSZ]))
    }

    /// The numbers in the line SigIgn of a status.
    private static func ignored(_ status: String) -> Set<Int32> {
      let line = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:\t") }
      let bits = line.flatMap { UInt64($0.dropFirst("SigIgn:\t".count), radix: 16) } ?? .max
      return Set((1..<32).filter { bits >> UInt64($0 - 1) & 1 == 1 })
    }

    @Test("has the memory in huge pages of a pool", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func pool() throws {
      try scratch.reserve(32, of: .mebibytes2)
      let free = "cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
      let ended = try ktaskctl(
        "exec", "--size", "63M", "--page-size", "2M", "--", "sh", "-c", "\(free); stat -Lc %s {}")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out == "0\n\(64 << 20)\n")
      #expect(HugePage.mebibytes2.free == 32, "nothing is left behind")
    }

    @Test(
      "does not run the command where there is too little, and leaves nothing",
      .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func shortage() throws {
      try scratch.reserve(8, of: .mebibytes2)
      let mark = scratch.file("ran")
      let ended = try ktaskctl("exec", "--size", "1G", "--page-size", "2M", "--", "touch", mark, "{}")
      #expect(ended.status == 3, "\(ended.err)")
      #expect(ended.message.hasPrefix("ktaskctl: memfd: 1 GiB needs 512 free 2 MiB pages"))
      #expect(FileFacts(mark) == nil)
      #expect(HugePage.mebibytes2.available == 8)
    }

    @Test("--seal keeps anybody from making the memory shorter")
    func seal() throws {
      let cut = ["sh", "-c", "truncate --size 1M {} 2>/dev/null; stat -Lc %s {}"]
      #expect(try start(["exec", "--size", "4M", "--seal", "--"] + cut).end().out == "\(4 << 20)\n")
      #expect(try start(["exec", "--size", "4M", "--"] + cut).end().out == "\(1 << 20)\n")
    }

    @Test("a command that is not there is 127 before any memory is made, one that cannot be run 126")
    func cannotRun() throws {
      let missing = try ktaskctl("exec", "--size", "4M", "--json", "--", "no-such-command", "{}")
      #expect(missing.status == 127)
      #expect(try ktaskctl("exec", "--size", "4M", "--", "").status == 127)
      #expect(missing.message == "ktaskctl: no-such-command: cannot be run: No such file or directory (ENOENT)")
      let errors = try missing.document().errors
      #expect(errors.map(\.code) == ["command-not-found"])
      #expect(errors.map(\.exitStatus) == [127])
      try tool("touch", scratch.file("plain"))
      let plain = try ktaskctl("exec", "--size", "4M", "--json", "--", scratch.file("plain"), "{}")
      #expect(try plain.document().errors.map(\.exitStatus) == [126])
      #expect(plain.status == 126)
      #expect(plain.message.hasSuffix("cannot be run: Permission denied (EACCES)"))
      #expect(try ktaskctl("exec", "--size", "4M", "--", "{}/command").status == 126, "the memory is no folder")
    }

    @Test(
      "a command that does not start after all is in the documents, and the memory is gone",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func failedStart() throws {
      let json = scratch.file("report.json")
      let ended = try start(
        ["exec", "--size", "4M", "--export-json", json, "--", "true", "{}"],
        under: Traced.failing("execve", "ENOMEM", when: "2+")
      ).end()
      #expect(ended.status == 126, "\(ended.err)")
      #expect(
        ended.message == "ktaskctl: true: cannot be run: Cannot allocate memory (ENOMEM); undone, 4 MiB given back")
      let document = try Ended(status: 0, out: Host.text(json), err: "", seconds: 0).document()
      #expect(document.errors.map(\.code) == ["command-not-run"] && document.errors.map(\.exitStatus) == [126])
      #expect(document.errors.map(\.errno) == ["ENOMEM"])
      #expect(document.undone?.bytes == 4 << 20 && document.undone?.complete == true)
    }

    @Test("a signal on the way ends it before the command runs", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func stopped() throws {
      let mark = scratch.file("ran")
      let child = try start(
        ["exec", "--size", "64M", "--timeout", "300ms", "--", "touch", mark, "{}"], under: Traced.slow("ftruncate"))
      let ended = child.end()
      #expect(ended.status == 6, "\(ended.err)")
      #expect(FileFacts(mark) == nil)
    }

    @Test("--dry-run makes nothing and runs nothing; -v reports on standard error")
    func quiet() throws {
      let mark = scratch.file("ran")
      let dry = try ktaskctl("exec", "--size", "4M", "--dry-run", "--", "touch", mark, "{}")
      #expect(dry.status == 0, "\(dry.err)")
      #expect(dry.out.hasPrefix("plan: exec, 4 MiB to do"))
      #expect(FileFacts(mark) == nil)
      let verbose = try ktaskctl("exec", "--size", "4M", "-v", "--", "echo", "{}")
      #expect(verbose.out.hasPrefix("/proc/self/fd/"))
      #expect(verbose.err.contains("verified: 4 MiB resident"))
    }

    @Test(
      "words that make no sense with it are wrong usage",
      arguments: [
        ["--size", "4M"], ["--size", "4M", "true"], ["--", "true"], ["--size", "4M", "--runs", "2", "--", "true"],
        ["--size", "4M", "--threads", "1,2", "--", "true"],
      ])
    func usage(words: [String]) throws {
      #expect(try start(["exec"] + words).end().status == 64)
    }
  }
}
