@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("Holding", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct HoldTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "pin --hold says in one line that all is locked, keeps it, and ends with 0 when told to",
      arguments: [SIGTERM, SIGINT, SIGHUP])
    func pin(signal: Int32) throws {
      let child = try start(["pin", "--size", "128M", "--page-size", "4K", "--hold"])
      try child.waitForOutput("verified, held by process \(child.pid) until SIGTERM\n")
      #expect(child.lockedBytes == 128 << 20)
      usleep(300_000)
      #expect(!child.hasEnded && child.lockedBytes == 128 << 20)
      child.send(signal)
      let ended = child.end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.hasPrefix("pin anonymous memory: 128 MiB in 4K pages, "))
      #expect(ended.out.filter(\.isNewline).count == 1)
      #expect(ended.err == "")
    }

    @Test("pin --hold of a pool's pages keeps them, and gives back every one")
    func pool() throws {
      try scratch.reserve(64, of: .mebibytes2)
      let child = try start(["pin", "--size", "128M", "--page-size", "2M", "--hold", "--json"])
      try child.waitForOutput("\"verified\"")
      #expect(HugePage.mebibytes2.available == 0)
      child.send(SIGTERM)
      let ended = child.end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().held == true)
      #expect(HugePage.mebibytes2.available == 64)
    }

    @Test("pin --hold FILE keeps others off it, and gives back what it added at the end")
    func pinFile() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      try tool("truncate", "--size", "64M", file)
      try Content(file).write(0..<16 << 20)
      let child = try start(["pin", file, "--hold"])
      try child.waitForOutput("held by process")
      #expect(FileFacts(file)?.allocated == 64 << 20)
      #expect(try ktaskctl("prefault", file).status == 7)
      child.send(SIGTERM)
      #expect(child.end().status == 0)
      #expect(FileFacts(file)?.allocated == 16 << 20)
      let content = try Content(file)
      #expect(content.isWritten(0..<16 << 20))
    }

    @Test("prefault --hold lets others work on the file, and the file stays")
    func prefault() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      for line in ["verified, held by process", "resident already, nothing to do, held by process"] {
        let child = try start(["prefault", file, "--size", "64M", "--hold"])
        try child.waitForOutput(line)
        #expect(try ktaskctl("prefault", file).status == 0)
        #expect(try ktaskctl("clear", file, "--runs", "1").status == 0)
        child.send(SIGTERM)
        #expect(child.end().status == 0)
        #expect(FileFacts(file)?.allocated == 64 << 20)
      }
    }

    @Test("--hold-until-eof ends when standard input does, whatever was written to it")
    func endOfInput() throws {
      let mark = scratch.file("ends")
      let child = try Child([
        "sh", "-c", "{ echo hello; while ! [ -e \(mark) ]; do sleep 0.1; done; } | \"$@\"", "sh", BuiltProgram.path,
        "pin", "--size", "32M", "--hold-until-eof",
      ])
      try child.waitForOutput("until standard input ends\n")
      usleep(300_000)
      #expect(!child.hasEnded)
      #expect(Host.write("", to: mark))
      let ended = child.end()
      #expect(ended.status == 0, "\(ended.err)")
    }

    @Test("SIGUSR1 asks a hold what it holds, and does not end it")
    func question() throws {
      let child = try start(["pin", "--size", "32M", "--hold"])
      try child.waitForOutput("held by process")
      child.send(SIGUSR1)
      try child.waitForWords("ktaskctl: pin anonymous memory: holding 32 MiB for ")
      #expect(!child.hasEnded)
      child.send(SIGTERM)
      #expect(child.end().status == 0)
    }

    @Test(
      "a hold is one run with one number of threads",
      arguments: [["--runs", "2"], ["--warmup", "1"], ["--threads", "1,2"]])
    func oneRun(words: [String]) throws {
      let ended = try start(["pin", "--size", "1G", "--hold"] + words).end()
      #expect(ended.status == 64)
      #expect(ended.message == "ktaskctl: wrong usage: --hold is one run with one number of threads")
    }

    @Test("a hold that nobody could be told of is given back")
    func fullOutput() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let child = try start(
        ["prefault", file, "--size", "64M", "--hold"], under: ["sh", "-c", "exec \"$@\" > /dev/full", "sh"])
      #expect(child.end().status == 1)
      #expect(FileFacts(file) == nil)
    }

    @Test("a hold that cannot wait for its end gives all back", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func noWaiting() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      try tool("truncate", "--size", "64M", file)
      let ended = try start(["pin", file, "--hold"], under: Traced.failing("signalfd4", "EMFILE", when: "1")).end()
      #expect(ended.status == 1)
      #expect(ended.message == "ktaskctl: \(file): waiting for the end failed: Too many open files (EMFILE)")
      #expect(FileFacts(file)?.allocated == 0)
    }

    @Test(
      "a hold without a thread beside it takes the signals itself", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func noThread() throws {
      let number = scratch.file("pid")
      let child = try start(
        ["pin", "--size", "32M", "--threads", "1", "--hold", "--pidfile", number],
        under: Traced.failing("clone3", "EAGAIN", when: "1+"))
      try child.waitForOutput("held by process")
      kill(pid_t(Host.text(number))!, SIGTERM)
      let ended = child.end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.err.contains("no thread for signals"))
      #expect(FileFacts(number) == nil)
    }
  }
}
