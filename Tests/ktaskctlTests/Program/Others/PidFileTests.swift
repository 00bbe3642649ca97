@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("--pidfile")
  struct PidFileTests {
    let scratch: Scratch
    let number: String
    init() throws {
      scratch = try Scratch()
      number = scratch.file("ktaskctl.pid")
    }

    private func hold() throws -> Child {
      let child = try start(["prefault", scratch.file("vm"), "--size", "4M", "--hold", "--pidfile", number])
      try child.waitForOutput("held by process")
      return child
    }

    private func refused(_ status: Int32, _ message: String) throws {
      let ended = try ktaskctl("prefault", scratch.file("new"), "--size", "4M", "--pidfile", number, "--json")
      #expect(ended.status == status, "\(ended.err)")
      #expect(ended.message == "ktaskctl: \(number): \(message)")
      #expect(try ended.document().errors.map(\.exitStatus) == [status])
      #expect(FileFacts(scratch.file("new")) == nil, "nothing is done")
    }

    @Test("names the process while it runs, for all to read, and is gone afterwards")
    func names() throws {
      let child = try hold()
      #expect(Host.text(number) == "\(child.pid)")
      #expect(FileFacts(number)?.mode == 0o644)
      child.send(SIGTERM)
      #expect(child.end().status == 0)
      #expect(FileFacts(number) == nil)
    }

    @Test("a second process is refused while the first one runs")
    func busy() throws {
      let child = try hold()
      try refused(7, "process \(child.pid) runs and has it")
      #expect(Host.text(number) == "\(child.pid)")
    }

    @Test("what a killed process left is taken over")
    func stale() throws {
      let killed = try hold()
      killed.send(SIGKILL)
      #expect(killed.end().status == -9)
      #expect(Host.text(number) == "\(killed.pid)")
      let child = try hold()
      #expect(Host.text(number) == "\(child.pid)")
    }

    @Test(
      "who may only read the file keeps nobody from taking it over",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func readersLock() throws {
      try tool("chmod", "0755", scratch.path)
      let killed = try hold()
      killed.send(SIGKILL)
      #expect(killed.end().status == -9)
      let reader = try Child(Host.ordinaryUser + ["flock", number, "sh", "-c", "echo locked; exec sleep infinity"])
      try reader.waitForOutput("locked")
      let child = try hold()
      #expect(Host.text(number) == "\(child.pid)")
    }

    @Test(
      "who may only read what a killed process left, and locks it for that, keeps nobody from taking over",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func readersRecordLock() throws {
      let killed = try hold()
      killed.send(SIGKILL)
      #expect(killed.end().status == -9)
      let reader = try Child(try scratch.attacker() + ["read", number])
      try reader.waitForOutput("held")
      let child = try hold()
      #expect(Host.text(number) == "\(child.pid)")
      try refused(7, "process \(child.pid) runs and has it")
      child.send(SIGTERM)
      #expect(child.end().status == 0)
      #expect(FileFacts(number) == nil)
    }

    @Test("another user's file is left alone", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func othersFile() throws {
      #expect(Host.write("123\n", to: number))
      try tool("chown", "65534:65534", number)
      try refused(8, "is something else than a file with a process's number")
      #expect(Host.text(number) == "123")
    }

    @Test("a file that has another name, too, is left alone: who made that name would have it overwritten")
    func otherName() throws {
      #expect(Host.write("123\n", to: scratch.file("settings")))
      try tool("ln", scratch.file("settings"), number)
      try refused(8, "is something else than a file with a process's number")
      #expect(Host.text(scratch.file("settings")) == "123")
    }

    @Test("is never FILE, by whatever name")
    func isFile() throws {
      let file = scratch.file("vm")
      #expect(Host.write("", to: file))
      let shell = ["bash", "-c", "exec 7<>\(file); exec \"$@\"", "bash"]
      for (words, under) in [
        ([file, "--pidfile", scratch.path + "/./vm"], []), (["/proc/self/fd/7", "--pidfile", file], shell),
        ([file, "--pidfile", "/proc/self/fd/7"], shell), ([file + "2", "--pidfile", file + "2"], []),
      ] {
        let ended = try start(["prefault", "--size", "4M"] + words, under: under).end()
        #expect(ended.status == 64, "\(words): \(ended.err)")
        #expect(FileFacts(file)?.allocated == 0)
      }
    }

    @Test("a file with something else in it is left alone", arguments: ["root:x:0:0\n", "123 456\n", "1\n2\n"])
    func otherContent(content: String) throws {
      #expect(Host.write(content, to: number))
      let before = FileFacts(number)
      try refused(8, "is something else than a file with a process's number")
      #expect(FileFacts(number) == before)
    }

    @Test("a symbolic link is not followed")
    func symbolicLink() throws {
      #expect(Host.write("", to: scratch.file("target")))
      try tool("ln", "-s", scratch.file("target"), number)
      try refused(8, "is something else than a file with a process's number")
      #expect(FileFacts(scratch.file("target"))?.size == 0)
    }

    @Test("a FIFO and a directory are not opened", arguments: ["mkfifo", "mkdir"])
    func otherKind(maker: String) throws {
      try tool(maker, number)
      try refused(8, "is something else than a file with a process's number")
    }

    @Test("a directory that is missing is told")
    func noDirectory() throws {
      let ended = try ktaskctl("prefault", scratch.file("vm"), "--size", "4M", "--pidfile", number + "/no/pid")
      #expect(ended.status == 1)
      #expect(ended.message.hasSuffix("no file for the process's number: No such file or directory (ENOENT)"))
    }

    @Test("a file that another process has put in its place is not removed")
    func replaced() throws {
      let child = try hold()
      try tool("rm", number)
      #expect(Host.write("other\n", to: number))
      child.send(SIGTERM)
      #expect(child.end().status == 0)
      #expect(Host.text(number) == "other")
    }
  }
}
