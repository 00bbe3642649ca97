@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("ktaskctl release", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ReleaseTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("gives back what others made, and leaves the size", arguments: ["tmpfs", "hugetlbfs", "ext4"])
    func othersFiles(kind: String) throws {
      for file in try scratch.othersFiles(on: kind) {
        let allocated = FileFacts(file.path)?.allocated ?? -1
        let ended = try ktaskctl("release", file.path, "--json")
        #expect(ended.status == 0, "\(file.path): \(ended.err)")
        #expect(FileFacts(file.path)?.allocated == 0)
        #expect(FileFacts(file.path)?.size == file.bytes)
        #expect(try (ended.document().plan?.bytesToDo ?? -1) >= allocated)
      }
    }

    @Test("says what it did, and a second time that there is nothing to do")
    func words() throws {
      try scratch.reserve(32, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "64M").status == 0)
      #expect(HugePage.mebibytes2.free == 0)
      let ended = try ktaskctl("release", file)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.hasPrefix("\(file): 64 MiB given back in "))
      #expect(ended.out.hasSuffix(" by 1 thread, no page left\n"))
      #expect(HugePage.mebibytes2.free == 32)
      #expect(try ktaskctl("release", file).out == "\(file): has no pages, nothing to do\n")
    }

    @Test("gives several files back side by side, and none twice")
    func several() throws {
      let folder = try scratch.tmpfs(mebibytes: 600)
      let files = ["a", "b"].map { folder + "/" + $0 }
      #expect(try start(["prefault"] + files + ["--size", "256M"]).end().status == 0)
      let ended = try start(["release"] + files + ["--json"]).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(files.allSatisfy { FileFacts($0)?.allocated == 0 })
      #expect(try ended.document().results.map(\.threads) == [min(2, Host.cpus)])
      #expect(try ktaskctl("release", files[0], files[0]).status == 64)
    }

    @Test("--unlink removes the file, an empty one too", arguments: [0, 1])
    func unlink(index: Int) throws {
      let file = try scratch.othersFiles(on: "tmpfs")[index + 1].path
      let ended = try ktaskctl("release", file, "--unlink")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.hasSuffix(", removed\n"))
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "--unlink leaves a file alone that has taken the name meanwhile",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func replaced() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let file = folder + "/vm"
      try tool("fallocate", "--length", "16M", file)
      let release = try start(["release", file, "--unlink"], under: Traced.slow("fallocate"))
      // strace holds up what it does with the file that it has open
      release.wait { release.childHasOpen(file) }
      try release.stopped {
        try tool("mv", file, folder + "/old")
        try tool("fallocate", "--length", "4M", file)
      }
      let ended = release.end()
      #expect(ended.status == 1, "\(ended.err)")
      #expect(ended.message.hasPrefix("ktaskctl: \(file): the name means another file by now"))
      #expect(FileFacts(file)?.allocated == 4 << 20)
      #expect(FileFacts(folder + "/old")?.allocated == 0)
    }

    @Test("a part of a file is given back in whole pages only")
    func part() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[3].path
      try Content(file).write(0..<16 << 20)
      #expect(try ktaskctl("release", file, "--size", "\(8 << 20 | 5)").status == 0)
      #expect(FileFacts(file)?.allocated == 8 << 20)
      let content = try Content(file)
      #expect(content.isZero(0..<8 << 20))
      #expect(content.isWritten(8 << 20..<16 << 20))
    }

    @Test(
      "a part is given back from where it is to begin, and the file keeps its size",
      arguments: ["tmpfs", "hugetlbfs", "ext4"])
    func middle(kind: String) throws {
      let file = try scratch.othersFiles(on: kind)[3].path
      // nobody has it mapped while it is worked on
      try Content(file).write(0..<16 << 20)
      let part = try ktaskctl("release", file, "--offset", "4M", "--size", "8M", "--json")
      #expect(part.status == 0, "\(part.err)")
      #expect(FileFacts(file)?.size == 16 << 20)
      #expect(
        try ktaskctl("release", file, "--offset", "4M", "--size", "8M").out.contains(
          "has no pages from 4 MiB to 12 MiB"))
      let kept = try Content(file)
      #expect(kept.isWritten(0..<4 << 20) && kept.isZero(4 << 20..<12 << 20) && kept.isWritten(12 << 20..<16 << 20))
    }

    @Test("a tail is given back up to the file's end", arguments: ["tmpfs", "hugetlbfs", "ext4"])
    func end(kind: String) throws {
      let file = try scratch.othersFiles(on: kind)[3].path
      try Content(file).write(0..<16 << 20)
      let tail = try ktaskctl("release", file, "--offset", "12M")
      #expect(tail.status == 0, "\(tail.err)")
      #expect(tail.out.hasSuffix(", no page left from 12 MiB on\n"), "\(tail.out)")
      #expect(FileFacts(file)?.size == 16 << 20)
      let again = try ktaskctl("release", file, "--offset", "12M")
      #expect(again.out == "\(file): has no pages from 12 MiB on, nothing to do\n")
      let kept = try Content(file)
      #expect(kept.isWritten(0..<12 << 20) && kept.isZero(12 << 20..<16 << 20))
    }

    @Test("the tail of a file gives its memory back, which the pool has then")
    func tail() throws {
      try scratch.reserve(32, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "64M").status == 0)
      let plan = try ktaskctl("release", file, "--offset", "16M", "--dry-run")
      #expect(plan.out.contains("plan: release, 48 MiB to do") && HugePage.mebibytes2.free == 0)
      #expect(try ktaskctl("release", file, "--offset", "16M").status == 0)
      #expect(HugePage.mebibytes2.free == 24)
      #expect(FileFacts(file)?.size == 64 << 20 && FileFacts(file)?.allocated == 16 << 20)
    }

    @Test("pages that are not asked for whole keep their content, and it is said")
    func partialPages() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[3].path
      try Content(file).write(0..<16 << 20)
      for (offset, size, left) in [(4 << 20 | 1, 8 << 20, "4 KiB"), (12 << 20 | 1, 4095, "4 KiB"), (1, 1, "1 B")] {
        let ended = try ktaskctl("release", file, "--offset", "\(offset)", "--size", "\(size)")
        #expect(ended.status == 0)
        let warning =
          "ktaskctl: warning: \(file): only whole pages are given back: \(left) of what was asked for stay\n"
        #expect(ended.err == warning, "\(ended.err)")
      }
      let kept = try Content(file)
      #expect(kept.isWritten(0..<(4 << 20) + 4096) && kept.isWritten(12 << 20..<16 << 20))
      #expect(kept.isZero((4 << 20) + 4096..<12 << 20))
    }

    @Test("a part that is not in the file is wrong usage, and so is one of what is to be removed")
    func beyond() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[3].path
      for words in [
        ["--offset", "17M"], ["--offset", "12M", "--size", "5M"], ["--offset", "8E", "--size", "7E"],
        ["--offset", "\(Int.max)", "--size", "\(Int.max)"], ["--offset", "-1"], ["--offset", "x"],
        ["--unlink", "--offset", "0"], ["--unlink", "--offset", "4M"],
      ] {
        let ended = try start(["release", file] + words).end()
        #expect(ended.status == 64, "\(words): \(ended.err)")
      }
      #expect(FileFacts(file)?.allocated == 16 << 20)
      #expect(try ktaskctl("release", file, "--offset", "16M").status == 0)
      #expect(FileFacts(file)?.allocated == 16 << 20)
      #expect(try ktaskctl("release", file, "--offset", "0").status == 0)
      #expect(FileFacts(file)?.allocated == 0)
    }

    @Test("a machine that became smaller is told how to cut its file, both ways of which work")
    func smaller() throws {
      try scratch.reserve(32, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "64M").status == 0)
      let ended = try ktaskctl("prefault", file, "--size", "32M")
      #expect(ended.status == 0)
      #expect(
        ended.err.hasPrefix("ktaskctl: warning: \(file): has 64 MiB, and what is beyond 32 MiB stays: "), "\(ended.err)"
      )
      let ways = ended.err.split(separator: "stays: ").last?.split(separator: ", ") ?? []
      #expect(ways.count == 2)
      let pages = try #require(ways.last?.split(separator: " gives").first)
      let release = pages.split(separator: " ").dropFirst().map(String.init)
      #expect(try start(release).end().status == 0)
      #expect(HugePage.mebibytes2.free == 16 && FileFacts(file)?.size == 64 << 20)
      try tool("sh", "-c", String(try #require(ways.first?.split(separator: " cuts").first)))
      #expect(FileFacts(file)?.size == 32 << 20 && FileFacts(file)?.allocated == 32 << 20)
      #expect(try ktaskctl("prefault", file, "--size", "32M").err == "")
    }

    @Test("says of a part no more than is so")
    func partsWords() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "16M").status == 0)
      let part = try ktaskctl("release", file, "--size", "4M")
      #expect(part.out.hasSuffix(", no page left in its first 4 MiB\n"), "\(part.out)")
      #expect(
        try ktaskctl("release", file, "--size", "4M").out == "\(file): has no pages in its first 4 MiB, nothing to do\n"
      )
      #expect(
        try ktaskctl("release", file, "--size", "2K").out == "\(file): has no pages in its first 0 B, nothing to do\n")
      #expect(try ktaskctl("release", file).status == 0)
      let empty = try ktaskctl("release", file, "--unlink")
      #expect(empty.out == "\(file): had no pages, removed\n")
      #expect(empty.err == "")
    }

    @Test(
      "--unlink is refused before anything is gone where the name cannot be removed",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"), arguments: ["0755", "1777"])
    func unremovable(mode: String) throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let file = folder + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "16M").status == 0)
      try tool("chmod", "0666", file)
      try tool("chmod", mode, folder)
      let program = Host.ordinaryUser + [try scratch.programForAll(), "release", file]
      let ended = try Child(program + ["--unlink"]).end()
      #expect(ended.status == 4, "\(ended.err)")
      #expect(FileFacts(file)?.allocated == 16 << 20)
      let emptied = try Child(program).end()
      #expect(emptied.status == 0)
      #expect(emptied.err == "", "who does not own it is not told whether others have it open")
    }

    @Test("--unlink is refused before anything is gone where something else holds the name: a mount, chattr(1), /proc")
    func held() throws {
      let folder = try scratch.disk("ext4", mebibytes: 64)
      let (file, locked) = (folder + "/vm", folder + "/locked")
      try tool("mkdir", locked)
      for name in [file, locked + "/vm", folder + "/mounted"] { try tool("fallocate", "--length", "4M", name) }
      try tool("mount", "--bind", file, folder + "/mounted")
      scratch.finally { _ = try? tool("umount", folder + "/mounted") }
      try tool("chattr", "+a", locked)
      scratch.finally { _ = try? tool("chattr", "-a", locked) }
      let shell = ["bash", "-c", "exec 7<>\(file); exec \"$@\"", "bash"]
      for (name, status) in [(folder + "/mounted", 7), (locked + "/vm", 4), ("/proc/self/fd/7", 4)] as [(String, Int32)]
      {
        let ended = try start(["release", "--unlink", name], under: shell).end()
        #expect(ended.status == status, "\(name): \(ended.err)")
      }
      #expect([file, locked + "/vm"].allSatisfy { (FileFacts($0)?.allocated ?? 0) >= 4 << 20 })
    }

    @Test(
      "many files cost as many times one, and are told in a line", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func many() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      var calls: [Int: Int] = [:]
      for count in [200, 800] {
        let files = (0..<count).map { "\(folder)/rtemap_\($0)" }
        for file in files { #expect(Host.write("content", to: file)) }
        let log = scratch.file("log-\(count)")
        let ended = try start(["release", "--unlink"] + files, under: ["strace", "-f", "-qq", "-o", log]).end()
        #expect(ended.status == 0, "\(ended.err)")
        let others = count - 3
        #expect(
          ended.out.hasPrefix("\(files[0]), \(files[1]), \(files[2]) and \(others) other files: "), "\(ended.out)")
        #expect(files.allSatisfy { FileFacts($0) == nil })
        calls[count] = Host.text(log).utf8.count { $0 == UInt8(ascii: "\n") }
      }
      let (few, many) = (calls[200]!, calls[800]!)
      #expect(many < 5 * few && many < 800 * 100, "\(calls)")
    }

    @Test("a file that is named twice is refused, whatever descriptor names it")
    func twice() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[3].path
      let shell = ["bash", "-c", "exec 7<>\(file) 8<>\(file); exec \"$@\"", "bash"]
      for names in [["/proc/self/fd/7", "/dev/fd/8"], [file, "/proc/self/fd/7"], ["/proc/self/fd/8", file]] {
        let ended = try start(["release"] + names, under: shell).end()
        #expect(ended.status == 64, "\(ended.err)")
        #expect(ended.message == "ktaskctl: \(names[1]): is the same file as one named before it")
      }
      #expect(FileFacts(file)?.allocated == 16 << 20)
    }

    @Test("says nothing of other processes where none has the file open, and leaves one alone that somebody has")
    func inUse() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[2].path
      let other = unsafe open(file, O_RDONLY | O_CLOEXEC)
      let before = FileFacts(file)
      #expect(try ktaskctl("release", file).status == 7)
      #expect(FileFacts(file) == before)
      close(other)
      let ended = try ktaskctl("release", file)
      #expect(ended.status == 0)
      #expect(ended.err == "")
    }

    @Test("is refused while another program works on the file, and then touches nothing")
    func busy() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[3].path
      let lock = unsafe open(file, O_RDWR | O_CLOEXEC)
      defer { close(lock) }
      try #require(flock(lock, LOCK_EX) == 0)
      #expect(try ktaskctl("release", file, "--unlink").status == 7)
      #expect(FileFacts(file)?.allocated == 16 << 20)
    }

    @Test("a link and a directory are refused, and what is not there")
    func kinds() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[3].path
      try tool("ln", "-s", file, scratch.file("link"))
      #expect(try ktaskctl("release", scratch.file("link"), "--unlink").status == 8)
      #expect(try ktaskctl("release", scratch.path).status == 8)
      #expect(try ktaskctl("release", scratch.file("nothing")).status == 1)
      #expect(FileFacts(file)?.allocated == 16 << 20)
    }

    @Test("a signal stops it, and it says that there is no way back", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func stopped() throws {
      let file = try scratch.tmpfs(mebibytes: 400) + "/vm"
      try tool("fallocate", "--length", "300M", file)
      // its time is over within the first calls; on a busy machine it may be before them
      var left = 300 << 20
      for _ in 0..<20 where left == 300 << 20 {
        let ended = try ktaskctl("release", file, "--timeout", "1500ms", under: Traced.slow("fallocate"))
        #expect(ended.status == 6, "\(ended.err)")
        left = try #require(FileFacts(file)).allocated
        #expect(left == 300 << 20 || ended.message.hasSuffix("; what was given back by then is gone"))
      }
      #expect(left > 0 && left < 300 << 20)
    }

    @Test(
      "a call that fails is told with its offset", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func failing() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      try tool("fallocate", "--length", "16M", file)
      let ended = try ktaskctl(
        "release", file, "--unlink", under: Traced.failing("fallocate", "EIO", when: "1"))
      #expect(ended.status == 1, "\(ended.err)")
      #expect(ended.message.contains("giving pages back failed at offset 0"))
      #expect(FileFacts(file)?.allocated == 16 << 20, "it is neither emptied nor removed")
    }

    @Test("--dry-run changes nothing")
    func dryRun() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[2].path
      let before = FileFacts(file)
      let ended = try ktaskctl("release", file, "--unlink", "--dry-run")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("plan: release, 24 MiB to do"))
      #expect(ended.out.contains("bound: maximum threads: 1 thread"))
      #expect(FileFacts(file) == before)
    }

    @Test(
      "words that make no sense with it are wrong usage",
      arguments: [
        ["--method", "touch"], ["--nodes", "0"], ["--runs", "2"], ["--warmup", "1"], ["--unlink", "--size", "2M"],
      ])
    func usage(words: [String]) throws {
      #expect(try start(["release", "/dev/shm/none"] + words).end().status == 64)
      #expect(try ktaskctl("release").status == 64)
    }
  }
}
