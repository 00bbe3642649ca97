import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// What comes after the work. mincore(2) is only asked while it is verified: strace makes each of its chunks take two
  /// seconds.
  @Suite(
    "Verifying", .enabled(if: Host.isRoot, "\(Host.needsRoot)"), .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
  struct VerifyingTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private func begin(_ file: String, _ words: [String] = []) throws -> Child {
      let prefault = ["prefault", file, "--size", "64M", "--threads", "1", "--json", "--progress", "json"]
      return try start(prefault + words, under: Traced.slow("mincore", milliseconds: 1000))
    }

    @Test(
      "is ended by a signal, and what was made goes again",
      arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func signals(signal: Int32, status: Int32) throws {
      let (file, number) = (try scratch.tmpfs(mebibytes: 80) + "/vm", scratch.file("pid"))
      let child = try begin(file, ["--pidfile", number])
      try child.waitForWords("\"phase\":\"verify\"")
      kill(pid_t(Host.text(number))!, signal)
      let ended = child.end()
      #expect(ended.status == status, "\(ended.err)")
      #expect(try ended.document().undone?.complete == true)
      #expect(FileFacts(file) == nil)
    }

    @Test("is ended by --timeout, and what was made goes again")
    func timeout() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let ended = try begin(file, ["--timeout", "2s"]).end()
      #expect(ended.status == 6, "\(ended.err)")
      #expect(try ended.document().errors.map(\.code) == ["timed-out"])
      #expect(FileFacts(file) == nil)
    }

    @Test("is shown with its share, and told to who asks")
    func progress() throws {
      let (file, number) = (try scratch.tmpfs(mebibytes: 80) + "/vm", scratch.file("pid"))
      let child = try begin(file, ["--pidfile", number])
      try child.waitForWords("\"phase\":\"verify\"")
      try child.waitForWords("\"bytes_done\":2097152,")
      kill(pid_t(Host.text(number))!, SIGUSR1)
      try child.waitForWords("ktaskctl: prefault \(file): verifying run 1 of 1, 1 thread: ")
      kill(pid_t(Host.text(number))!, SIGTERM)
      let ended = child.end()
      #expect(ended.status == 143, "\(ended.err)")
      let lines = ended.err.split(separator: "\n").filter { $0.contains("\"phase\":\"verify\"") }
      #expect(lines.allSatisfy { $0.contains("\"bytes_total\":67108864,") }, "\(ended.err)")
    }

    @Test("of anonymous memory hears a signal as well")
    func anonymous() throws {
      let number = scratch.file("pid")
      let words = ["pin", "--size", "32M", "--threads", "1", "--hold", "--pidfile", number, "--progress", "json"]
      let child = try start(words, under: Traced.slow("mincore", milliseconds: 1000))
      try child.waitForWords("\"phase\":\"verify\"")
      kill(pid_t(Host.text(number))!, SIGTERM)
      #expect(child.end().status == 143)
    }

    @Test("of twice as many files takes twice as many calls, and not four times")
    func manyFiles() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let few = try calls(folder + "/a", 150)
      let many = try calls(folder + "/b", 300)
      #expect(many < few * 5 / 2, "\(few) and \(many)")
    }

    /// System calls of a prefault of so many files of one page.
    private func calls(_ name: String, _ count: Int) throws -> Int {
      let summary = scratch.file("calls")
      let files = (0..<count).map { "\(name)-\($0)" }
      let ended = try start(
        ["prefault", "--size", "4K", "--threads", "1"] + files, under: ["strace", "-f", "-qq", "-c", "-o", summary]
      ).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(files.allSatisfy { FileFacts($0)?.allocated == 4096 })
      let total = Host.text(summary).split(separator: "\n").last?.split(separator: " ") ?? []
      // 100.00 SECONDS MICROSECONDS CALLS [ERRORS] total
      return try #require(total.count > 3 ? Int(total[3]) : nil)
    }

    @Test("asks for the nodes in another way where the kernel keeps the first from it, and else claims none")
    func nodes() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let refused = [("move_pages", "EPERM", "1+"), ("get_mempolicy", "EPERM", "1+")]
      let told = try ktaskctl("prefault", folder + "/a", "--size", "8M", "--json", under: Traced.failing(refused))
      #expect(told.status == 0, "\(told.err)")
      #expect(try told.document().files[0].pagesByNode?.values.reduce(0, +) == 2048)
      let unlisted = [
        "unshare", "--mount", "sh", "-c", "mount --bind /dev/null /proc/$$/numa_maps && exec \"$@\"", "sh",
      ]
      let untold = try ktaskctl(
        "prefault", folder + "/b", "--size", "8M", "--json", under: Traced.failing(refused) + unlisted)
      #expect(untold.status == 0, "\(untold.err)")
      #expect(try untold.document().files[0].pagesByNode == nil)
      #expect(try untold.document().verified?.residentBytes == 8 << 20)
    }

    @Test("counts huge pages on a kernel that cannot scan for them as on one that can")
    func huge() throws {
      let words = [
        "clear", "--size", "64M", "--page-size", "thp", "--runs", "1", "--warmup", "0", "--threads", "1", "--json",
      ]
      let scanned = try start(words).end()
      if try scanned.document().verified?.hugeBytes != 64 << 20 { try Test.cancel("no huge pages could be had") }
      let listed = try start(words, under: Traced.failing("ioctl", "ENOTTY", when: "1+")).end()
      #expect(try listed.document().verified?.hugeBytes == 64 << 20, "\(listed.err)")
    }

    @Test("a part of a pool's file proves it without making pages, whether or not the kernel lends probes")
    func part() throws {
      try scratch.reserve(16, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      for (file, under) in [(folder + "/a", []), (folder + "/b", Traced.failing("userfaultfd", "EPERM", when: "1+"))] {
        try tool("truncate", "--size", "16M", file)
        let ended = try ktaskctl("prefault", file, "--size", "4M", "--json", under: under)
        #expect(ended.status == 0, "\(ended.err)")
        #expect(try ended.document().verified?.residentBytes == 4 << 20)
        #expect(FileFacts(file)?.allocated == 4 << 20)
        try tool("rm", file)
      }
    }

    @Test("names that look alike are two files, and many files are told of in a line")
    func names() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let alike = [folder + "/e\u{301}", folder + "/\u{e9}"]
      #expect(try start(["prefault", "--size", "4K"] + alike).end().status == 0)
      #expect(alike.allSatisfy { FileFacts($0)?.allocated == 4096 })
      let many = (1...9).map { "\(folder)/\($0)" }
      let ended = try start(["prefault", "--size", "4K"] + many).end()
      #expect(ended.out.contains("\(many[0]), \(many[1]), \(many[2]) and 6 other files"), "\(ended.out)")
    }
  }

  /// What takes back, in the pieces that the work was made in.
  @Suite(
    "Undoing", .enabled(if: Host.isRoot, "\(Host.needsRoot)"), .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
  struct UndoingTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("is shown with its share, told to who asks, and not interrupted")
    func progress() throws {
      let (file, number) = (try scratch.tmpfs(mebibytes: 80) + "/vm", scratch.file("pid"))
      // some chunks are made, of several pieces; each piece of the undo takes half a second
      let slow = ["-e", "trace=madvise,fallocate", "-e", "inject=fallocate:delay_enter=500000"]
      let child = try start(
        ["prefault", file, "--size", "64M", "--threads", "1", "--pidfile", number, "--progress", "json", "--json"],
        under: Traced.failing("madvise", "EFAULT", when: "5+") + slow)
      try child.waitForWords("\"phase\":\"undo\"")
      kill(pid_t(Host.text(number))!, SIGTERM)
      kill(pid_t(Host.text(number))!, SIGUSR1)
      try child.waitForWords("ktaskctl: prefault \(file): undoing: ")
      let ended = child.end()
      #expect(ended.status == 3, "\(ended.err)")
      #expect(try ended.document().undone?.complete == true)
      #expect(ended.err.contains("\"phase\":\"undo\""))
      #expect(FileFacts(file) == nil)
    }

    @Test("of twice as many files takes twice as many calls, and not four times")
    func manyFiles() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let few = try calls(folder + "/a", 150)
      let many = try calls(folder + "/b", 300)
      #expect(many < few * 5 / 2, "\(few) and \(many)")
    }

    /// System calls of a prefault of so many files of one page, none of which can be verified.
    private func calls(_ name: String, _ count: Int) throws -> Int {
      let summary = scratch.file("calls")
      let files = (0..<count).map { "\(name)-\($0)" }
      let ended = try start(
        ["prefault", "--size", "4K", "--threads", "1"] + files,
        under: ["strace", "-f", "-qq", "-c", "-o", summary, "-e", "inject=mincore:error=EIO"]
      ).end()
      #expect(ended.status == 1, "\(ended.err)")
      #expect(files.allSatisfy { FileFacts($0) == nil })
      let total = Host.text(summary).split(separator: "\n").last?.split(separator: " ") ?? []
      return try #require(total.count > 3 ? Int(total[3]) : nil)
    }
  }
}
