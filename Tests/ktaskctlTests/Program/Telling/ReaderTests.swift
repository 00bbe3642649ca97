@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// Who reads what the program says may be gone, slow, or never have been there.
  @Suite("Words that nobody reads", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ReaderTests {
    let scratch: Scratch
    let file: String

    init() throws {
      scratch = try Scratch()
      file = try scratch.tmpfs(mebibytes: 300) + "/vm"
    }

    /// Under a shell that runs it, as "$@", in a line of its own.
    private func run(_ line: String, _ words: [String]) throws -> Ended {
      try start(words, under: ["bash", "-c", line, "bash"]).end()
    }

    @Test(
      "a reader of progress that goes away ends nothing",
      arguments: [["--progress", "json"], ["--progress", "always"]])
    func progressReader(words: [String]) throws {
      let ended = try run(
        "exec 3> >(true); wait $!; exec \"$@\" 2>&3", ["prefault", file, "--size", "256M", "--quiet"] + words)
      #expect(ended.status == 0)
      #expect(FileFacts(file)?.allocated == 256 << 20)
    }

    @Test("a reader of the report that goes away makes it a failure, and what was made is undone")
    func reportReader() throws {
      let ended = try run("exec 3> >(true); wait $!; exec \"$@\" >&3", ["prefault", file, "--size", "64M"])
      #expect(ended.status == 1)
      #expect(
        ended.message
          == "ktaskctl: \(file): the report could not be written: Broken pipe (EPIPE); undone, 64 MiB given back")
      #expect(FileFacts(file) == nil)
    }

    private static let full = "No space left on device (ENOSPC)"

    @Test(
      "an answer that standard output does not take is a failure that says why", arguments: [["topology"], ["--help"]])
    func fullAnswer(words: [String]) throws {
      let ended = try run("exec \"$@\" > /dev/full", words)
      #expect(ended.status == 1)
      #expect(ended.message == "ktaskctl: standard output: cannot be written: \(Self.full)")
    }

    @Test("a full disk under the report undoes what was made, and says so")
    func fullDisk() throws {
      let ended = try run("exec \"$@\" > /dev/full", ["prefault", file, "--size", "64M", "--json"])
      #expect(ended.status == 1)
      #expect(
        ended.message == "ktaskctl: \(file): the report could not be written: \(Self.full); undone, 64 MiB given back")
      #expect(FileFacts(file) == nil)
      #expect(try run("exec \"$@\" > /dev/full", ["verify", "/proc/self/exe"]).status != 0)
    }

    /// Standard error is a pipe that is full and that nobody empties.
    private static let stuck = "exec 3<> <(:); head -c 65536 /dev/zero >&3; exec \"$@\" 2>&3"

    @Test(
      "standard error that takes no more words stops neither the time limit nor a signal",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func stuckErrors() throws {
      let words = ["--progress", "always", "--threads", "1", "--json"]
      let slow = ["bash", "-c", Self.stuck, "bash"] + Traced.slow("madvise")
      let late = try start(["prefault", file, "--size", "256M", "--timeout", "1500ms"] + words, under: slow)
      late.wait { FileFacts(file) != nil }
      late.wait { FileFacts(file) == nil }
      #expect(FileFacts(file) == nil, "undone, whoever is to read it")
      late.kill()
    }

    @Test("a report that nobody takes is waited for until a signal or the time limit, and what was made is undone")
    func stuckReport() throws {
      let stuck = Self.stuck.replacing("2>&3", with: ">&3")
      let late = try start(
        ["prefault", file, "--size", "64M", "--timeout", "3s"], under: ["bash", "-c", stuck, "bash"]
      ).end()
      #expect(late.status == 6)
      #expect(late.message.hasPrefix("ktaskctl: \(file): timed out after 3.000 s; undone, "), "\(late.err)")
      #expect(FileFacts(file) == nil)
      let child = try start(["prefault", file, "--size", "64M", "-v"], under: ["bash", "-c", stuck, "bash"])
      child.wait { FileFacts(file)?.allocated == 64 << 20 }
      child.send(SIGTERM)
      let ended = child.end()
      #expect(ended.status == 143)
      #expect(ended.message == "ktaskctl: \(file): ended by SIGTERM; undone, 64 MiB given back")
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "standard error that takes no more words keeps no progress from being left out",
      arguments: [["--progress", "always"], ["--progress", "json"]])
    func stuckProgress(words: [String]) throws {
      let ended = try start(
        ["prefault", file, "--size", "64M"] + words, under: ["bash", "-c", Self.stuck, "bash"]
      ).end()
      #expect(ended.status == 0)
      #expect(ended.out.contains("verified: 64 MiB resident"))
      #expect(FileFacts(file)?.allocated == 64 << 20)
    }

    @Test("what must be told on a stream that takes no more waits until a signal, and changes no status")
    func stuckMessage() throws {
      let child = try start(["verify", file, "--json"], under: ["bash", "-c", Self.stuck, "bash"])
      try child.waitForOutput("\"exit_status\" : 1")
      child.send(SIGTERM)
      #expect(child.end().status == 1)
    }

    @Test("a hold says that it holds although nobody reads standard error, and ends when it is told to")
    func stuckHold() throws {
      let child = try start(
        ["pin", "--size", "16M", "--hold", "--progress", "json"], under: ["bash", "-c", Self.stuck, "bash"])
      try child.waitForOutput("held by process")
      child.send(SIGTERM)
      #expect(child.end().status == 0)
    }

    @Test("a hold that nobody could be told of ends by a signal as any other run does")
    func stuckHeld() throws {
      let stuck = Self.stuck.replacing("2>&3", with: ">&3")
      let child = try start(["prefault", file, "--size", "16M", "--hold"], under: ["bash", "-c", stuck, "bash"])
      child.wait { FileFacts(file)?.allocated == 16 << 20 }
      child.send(SIGTERM)
      #expect(child.end().status == 143)
      #expect(FileFacts(file) == nil)
    }

    @Test("O_NONBLOCK is not set on streams that others have open", .enabled(if: Host.has("python3"), "needs python3"))
    func flags() throws {
      let line = """
        import fcntl, os, subprocess, sys
        r, w = os.pipe()
        before = fcntl.fcntl(w, fcntl.F_GETFL)
        subprocess.run(sys.argv[1:], stdout=w, stderr=w)
        print(fcntl.fcntl(w, fcntl.F_GETFL) == before)
        """
      let ended = try start(["topology"], under: ["python3", "-c", line]).end()
      #expect(ended.out == "True\n")
    }

    @Test("an export to a FIFO waits for its reader, and no longer than the time limit allows")
    func fifo() throws {
      let fifo = scratch.file("fifo")
      try tool("mkfifo", fifo)
      let words = ["prefault", file, "--size", "16M", "--export-json", fifo]
      let late = try start(words + ["--timeout", "3s"]).end()
      #expect(late.status == 6)
      #expect(late.message.hasPrefix("ktaskctl: \(file): timed out after 3.000 s; undone, "), "\(late.err)")
      #expect(FileFacts(file) == nil)
      let child = try start(words)
      child.wait { FileFacts(file)?.allocated == 16 << 20 }
      #expect(!child.hasEnded)
      #expect(try tool("cat", fifo).contains("\"errors\" : [\n\n  ]"))
      #expect(child.end().status == 0)
    }

    @Test("an export that there is no place for is told before the work", arguments: ["--export-json", "--plot"])
    func noPlace(option: String) throws {
      for (name, errno) in [("/nonexistent/x", "ENOENT"), (scratch.path, "EISDIR")] {
        let ended = try ktaskctl("prefault", file, "--size", "64M", option, name)
        #expect(ended.status == 1)
        #expect(ended.message.hasPrefix("ktaskctl: \(name): the export could not be written: "))
        #expect(ended.message.hasSuffix("(\(errno))"))
        #expect(FileFacts(file) == nil, "nothing is done")
      }
    }

    @Test("a standard stream that is closed is not taken for the memory")
    func closedStreams() throws {
      let closed = "exec \"$@\" <&- >&- 2>&-"
      #expect(try run(closed, ["prefault", file, "--size", "16M", "-q"]).status == 0)
      #expect(FileFacts(file)?.size == 16 << 20)
      // what is told there has no reader
      for words in [["clear", file, "--runs", "1"], ["prefault", file + "2", "--size", "16M", "-v"], ["pin", file]] {
        #expect(try run(closed, words).status == 1, "\(words)")
      }
      #expect(FileFacts(file)?.size == 16 << 20)
      #expect(try Content(file).isZero)
      #expect(FileFacts(file + "2") == nil)
      let ended = try run(
        "exec \"$@\" >&-", ["exec", "--size", "4K", "--", "sh", "-c", "echo x >&1; cmp {} /dev/zero"])
      #expect(!ended.err.contains("differ"), "\(ended.err)")
    }

    @Test("an export never goes where the memory is, nor where another export goes")
    func mixedUp() throws {
      #expect(try ktaskctl("prefault", file, "--size", "4M").status == 0)
      let before = FileFacts(file)
      let folder = String(file.dropLast(3))
      try tool("ln", "-s", file, scratch.file("link"))
      for words in [
        ["--export-json", file], ["--export-json", scratch.file("link")], ["--plot", folder + "/./vm"],
        ["--export-csv", folder + "/x", "--export-json", folder + "/../tmpfs-1/x"],
        ["--json", "--export-csv", "-"], ["--export-csv", "-", "--export-markdown", "-"],
      ] {
        let ended = try start(["clear", file] + words).end()
        #expect(ended.status == 64, "\(words): \(ended.err)")
      }
      #expect(FileFacts(folder + "/x") == nil)
      // nor where it fails before it has looked at the file
      let locked = "exec 9<\(file); flock 9; \"$@\""
      #expect(try run(locked, ["clear", file, "--export-json", folder + "/x"]).status == 7)
      #expect(try run(locked, ["clear", file, "--export-json", file]).status == 64)
      #expect(FileFacts(file) == before)
    }

    @Test("without results there is nothing to export but the document, and earlier files stay")
    func noResults() throws {
      let (csv, json) = (scratch.file("a.csv"), scratch.file("a.json"))
      #expect(Host.write("earlier", to: csv))
      let ended = try ktaskctl("clear", file, "--export-csv", csv, "--export-json", json)
      #expect(ended.status == 1)
      #expect(Host.text(csv) == "earlier")
      #expect(Host.text(json).contains("there is no such file"))
    }

    @Test("the words of the command line come from nowhere else, be /proc mounted or not")
    func noProc() throws {
      let line = "umount -R -l /proc; \"$@\" --bogus; echo $?"
      let ended = try start(["clear", "--size", "1M"], under: ["unshare", "-m", "bash", "-c", line, "bash"]).end()
      #expect(ended.out == "64\n", "\(ended.err)")
    }

    @Test("signals that were ignored when it started do not end it", arguments: ["HUP", "INT"])
    func ignoredSignals(name: String) throws {
      let child = try start(
        ["pin", "--size", "32M", "--hold"], under: ["bash", "-c", "trap '' \(name); exec \"$@\"", "bash"])
      try child.waitForOutput("held by process")
      child.send(name == "HUP" ? SIGHUP : SIGINT)
      usleep(300_000)
      #expect(!child.hasEnded)
      child.send(SIGTERM)
      #expect(child.end().status == 0)
    }

    @Test("a word that is not UTF-8 is refused, not changed")
    func notUTF8() throws {
      let ended = try run("\"$@\" $'vm\\xff' --size 4K", ["prefault"])
      #expect(ended.status == 64)
      #expect(ended.message == "ktaskctl: wrong usage: word 2, vm\\377, is not UTF-8")
    }
  }
}
