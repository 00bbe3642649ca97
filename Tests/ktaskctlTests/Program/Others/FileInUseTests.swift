@unsafe @preconcurrency import Glibc
import LinuxSystem
import Testing

extension ProgramTests {
  /// Another process has FILE open or mapped: this one, and `sleep`.
  @Suite("A FILE in use", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct FileInUseTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// With content.
    private func file(on kind: String = "tmpfs") throws -> String {
      let file = try scratch.folder(on: kind) + "/vm"
      try tool("truncate", "--size", "16M", file)
      try Content(file).write(0..<8 << 20)
      return file
    }

    /// A process that has it open.
    private func opener(_ file: String) throws -> Child {
      let child = try Child(["sh", "-c", "exec sleep infinity < \"$0\"", file])
      child.wait { Host.text("/proc/\(child.pid)/comm") == "sleep" }
      return child
    }

    @Test(
      "loses no content: the process that has it mapped is named, with --dry-run too",
      arguments: [
        ["tmpfs", "clear"], ["tmpfs", "release"], ["tmpfs", "release", "--unlink"], ["tmpfs", "clear", "--dry-run"],
        ["tmpfs", "release", "--dry-run"], ["hugetlbfs", "clear"], ["hugetlbfs", "release"],
        ["hugetlbfs", "clear", "--dry-run"], ["ext4", "release"], ["ext4", "release", "--unlink"],
      ])
    func mapped(words: [String]) throws {
      let file = try file(on: words[0])
      // mapped, and closed since
      let content = try Content(file)
      let ended = try start(words.dropFirst() + [file, "--json"]).end()
      #expect(ended.status == 7, "\(ended.err)")
      let who = "process \(getpid()) (\(Host.text("/proc/self/comm")))"
      #expect(ended.message == "ktaskctl: \(file): \(who) has it mapped: its content would be lost", "\(ended.err)")
      #expect(ended.remedy?.contains("--even-if-open") == true)
      #expect(try ended.document().errors.map(\.code) == ["busy"])
      #expect(content.isWritten(0..<8 << 20))
      #expect(FileFacts(file)?.size == 16 << 20)
    }

    @Test("is one that is only open, too", arguments: ["clear", "release"])
    func open(command: String) throws {
      let file = try file()
      let other = try opener(file)
      let ended = try ktaskctl(command, file)
      #expect(ended.status == 7)
      #expect(
        ended.message == "ktaskctl: \(file): process \(other.pid) (sleep) has it open: its content would be lost")
      other.kill()
      #expect(try ktaskctl(command, file).status == 0, "nobody has it any more")
    }

    @Test(
      "that cannot be asked which file it is loses nothing, whichever question is refused",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func unasked() throws {
      let file = try file()
      let other = try opener(file)
      defer { other.kill() }
      let content = try Content(file)
      let log = scratch.file("log")
      var number = 0
      repeat {
        number += 1
        let under = Traced.failingStat(of: file, when: number, log: log)
        let ended = try start(["clear", file, "--runs", "1"], under: under).end()
        #expect(ended.status != 0, "\(number): \(ended.err)")
        #expect(content.isWritten(0..<8 << 20), "\(number): \(ended.err)")
      } while Host.text(log).contains("(INJECTED)")
      #expect(number > 3)
    }

    /// Who has made one is not among its openers, by the kernel's count, until he opens it by that name.
    @Test("is a memfd, by its name in /proc", arguments: ["clear", "release"])
    func memfd(command: String) throws {
      let memory = try FileDescriptor.memory("vm")
      let words = Array("the machine's memory".utf8)
      #expect(unsafe pwrite(memory.number, words, words.count, 0) == words.count)
      try memory.resize(to: 8 << 20)
      let ended = try ktaskctl(command, "/proc/\(getpid())/fd/\(memory.number)")
      #expect(ended.status == 7, "\(ended.err)")
      #expect(ended.message.contains("process \(getpid()) ("))
      var found = [UInt8](repeating: 0, count: words.count)
      #expect(unsafe pread(memory.number, &found, found.count, 0) == words.count && found == words)
    }

    @Test("is not two that come at once: one of them has it", arguments: ["clear", "release"])
    func together(command: String) throws {
      for _ in 0..<20 {
        let file = try file()
        let both = try (0..<2).map { _ in try start([command, file, "--quiet"]) }
        let statuses = both.map { $0.end().status }
        #expect(statuses.contains(0), "\(statuses)")
        try tool("rm", file)
      }
    }

    @Test("names three of those who have it, and those first that map it")
    func several() throws {
      let file = try file()
      let others = try (1...4).map { _ in try opener(file) }
      let content = try Content(file)
      let ended = try ktaskctl("clear", file)
      #expect(ended.status == 7)
      let names = others.prefix(2).map { "\($0.pid) (sleep)" }.joined(separator: ", ")
      let first = "processes \(getpid()) (\(Host.text("/proc/self/comm")))"
      #expect(ended.message.contains(": \(first), \(names) and 2 more have it mapped: "), "\(ended.err)")
      #expect(content.isWritten(0..<8 << 20))
    }

    @Test("is told of with a part of it, as a region, and with others beside it")
    func parts() throws {
      let (file, other) = (try file(), try file())
      let content = try Content(file)
      for words in [
        ["clear", file, "--size", "4M"], ["clear", "--region", "path=\(file)"], ["release", file, "--size", "4M"],
        ["release", other, file], ["clear", other, file],
      ] {
        let ended = try start(words).end()
        #expect(ended.status == 7, "\(words): \(ended.err)")
        #expect(ended.message.hasPrefix("ktaskctl: \(file): process "))
      }
      #expect(content.isWritten(0..<8 << 20))
      #expect(try Content(other).isWritten(0..<8 << 20))
    }

    @Test("--even-if-open goes on, and warns", arguments: ["clear", "release"])
    func evenIfOpen(command: String) throws {
      let file = try file()
      let content = try Content(file)
      let ended = try ktaskctl(command, file, "--even-if-open")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.err.contains("ktaskctl: warning: \(file): process \(getpid()) ("))
      #expect(ended.err.contains(" has it mapped: what it had in there goes, too\n"))
      #expect(content.isZero)
    }

    @Test("is none for what loses no content")
    func harmless() throws {
      let file = try file()
      let content = try Content(file)
      for words in [["verify", "--info"], ["prefault"], ["pin"]] {
        let ended = try start(words + [file]).end()
        #expect(ended.status == 0, "\(words): \(ended.err)")
      }
      #expect(content.isWritten(0..<8 << 20))
    }

    @Test("is not measured on, where what is made for that is given back", arguments: ["pin", "prefault"])
    func measured(command: String) throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      try tool("truncate", "--size", "16M", file)
      let other = try opener(file)
      let ended = try ktaskctl(command, file, "--runs", "2")
      #expect(ended.status == 7, "\(ended.err)")
      #expect(FileFacts(file)?.allocated == 0)
      #expect(try ktaskctl(command, file, "--runs", "2", "--even-if-open").status == 0)
      other.kill()
    }

    @Test("is not one that only this program has been given, nor one that is only named")
    func own() throws {
      let file = try file()
      let named = unsafe Glibc.open(file, FileDescriptor.Access.pathOnly.rawValue | O_CLOEXEC)
      defer { close(named) }
      let shell = ["bash", "-c", "exec \"$@\" 7<> \(file)", "bash"]
      #expect(try ktaskctl("clear", "/proc/self/fd/7", "--runs", "1", under: shell).status == 0)
      #expect(try Content(file).isZero)
    }

    @Test(
      "is told of to an ordinary user as far as he may see, and what he may not is named as not known",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func ordinaryUser() throws {
      let file = try file()
      try tool("chmod", "0666", file)
      let program = Host.ordinaryUser + [try scratch.programForAll(), "release", file]
      let plan = try Child(program + ["--dry-run"]).end()
      #expect(plan.status == 0)
      #expect(
        plan.out.contains("check: nobody else has what is to lose its content: not made, /proc/"), "\(plan.out)")
      let other = try Child(Host.ordinaryUser + ["sh", "-c", "exec sleep infinity < \(file)"])
      other.wait { Host.text("/proc/\(other.pid)/comm") == "sleep" }
      let ended = try Child(program).end()
      #expect(ended.status == 7, "\(ended.err)")
      #expect(ended.message.contains("process \(other.pid) (sleep) has it open"))
      try tool("chown", "65534", file)
      other.kill()
      let content = try Content(file)
      #expect(try Child(program).end().status == 7, "to its owner the kernel tells that somebody has it")
      #expect(content.isWritten(0..<8 << 20))
    }

    @Test("is looked for until a signal or the time limit", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func stopped() throws {
      let file = try file()
      let content = try Content(file)
      let log = scratch.file("log")
      let slow = Traced.slow("statx", milliseconds: 200, log: log)
      let late = try start(["clear", file, "--timeout", "1s"], under: slow).end()
      #expect(late.status == 6, "\(late.err)")
      #expect(late.message.hasSuffix(": timed out after 1.000 s; untouched"), "\(late.err)")
      try tool("rm", log)
      let child = try start(["clear", file], under: slow)
      child.wait { Host.text(log).contains("statx") }
      kill(pid_t(Host.text(log).prefix { $0.isNumber })!, SIGTERM)
      #expect(child.end().status == 143)
      #expect(content.isWritten(0..<8 << 20))
    }

    @Test(
      "is one that others come to between the checks and the work", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func comesLate() throws {
      let file = try file()
      // the second lock is that of the work
      let child = try start(["release", file, "--json"], under: Traced.slow("flock", milliseconds: 1500))
      child.wait { child.childHasOpen(file) }
      usleep(2_000_000)
      let content = try Content(file)
      let ended = child.end()
      #expect(ended.status == 7, "\(ended.err)")
      #expect(ended.message.contains("process \(getpid()) ("))
      #expect(content.isWritten(0..<8 << 20))
    }
  }
}
