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
      try tool("fallocate", "--length", "6M", file)
      let release = try start(["release", file, "--unlink"], under: Traced.slow("fallocate", milliseconds: 1000))
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

    @Test("gives back what fallocate(1) made behind the end, too", arguments: ["tmpfs", "hugetlbfs"])
    func behindTheEnd(kind: String) throws {
      if kind == "hugetlbfs" { try scratch.reserve(8, of: .mebibytes2) }
      let file = try (kind == "tmpfs" ? scratch.tmpfs(mebibytes: 40) : scratch.hugetlbfs(.mebibytes2)) + "/vm"
      try tool("truncate", "--size=8M", file)
      try tool("fallocate", "--keep-size", "--offset=8M", "--length=8M", file)
      // as much as it may have, and elsewhere
      let looked = try ktaskctl("verify", file)
      #expect(looked.status == 2 && looked.out.contains("nothing resident"), "\(looked.out)\(looked.err)")
      let planned = try start(["release", file, "--dry-run"]).end().out
      #expect(planned.contains("release, 8 MiB to do,") && planned.contains(", 8 MiB behind its end\n"), "\(planned)")
      #expect(try ktaskctl("release", file).out.hasPrefix("\(file): 8 MiB given back in "))
      #expect(FileFacts(file)?.allocated == 0 && FileFacts(file)?.size == 8 << 20)
      try tool("fallocate", "--keep-size", "--offset=8M", "--length=8M", file)
      #expect(try ktaskctl("prefault", file).status == 0)
      #expect(try ktaskctl("verify", file).status == 0)
      #expect(try ktaskctl("release", file).out.hasPrefix("\(file): 16 MiB given back in "))
      #expect(FileFacts(file)?.allocated == 0)
    }

    @Test("a file at any distance behind the end is found, step by step, and no further than there are pages")
    func farBehindTheEnd() throws {
      let file = try scratch.tmpfs(mebibytes: 40) + "/vm"
      try tool("truncate", "--size=4M", file)
      for offset in ["4M", "1G", "1T", "3E"] {
        try tool("fallocate", "--keep-size", "--offset=\(offset)", "--length=4M", file)
      }
      #expect(try ktaskctl("release", file).out.hasPrefix("\(file): 16 MiB given back in "))
      #expect(FileFacts(file)?.allocated == 0 && FileFacts(file)?.size == 4 << 20)
    }

    @Test("says what a disk keeps behind the end")
    func diskBehindTheEnd() throws {
      let file = try scratch.folder(on: "ext4") + "/vm"
      try tool("truncate", "--size=4M", file)
      try tool("fallocate", "--keep-size", "--length=12M", file)
      let ended = try ktaskctl("release", file)
      #expect(ended.status == 0 && ended.out.contains("no page left"), "\(ended.out)\(ended.err)")
      #expect(ended.out.hasSuffix(", 8 MiB of disk stay allocated outside of its length\n"), "\(ended.out)")
    }

    @Test("goes over holes of any size in a moment")
    func hugeHoles() throws {
      let file = try scratch.tmpfs(mebibytes: 8) + "/vm"
      try tool("truncate", "--size=7E", file)
      for page in [0, 1_970_324_836_974_592] {
        try tool("dd", "if=/dev/urandom", "of=\(file)", "bs=4K", "count=1", "seek=\(page)", "conv=notrunc")
      }
      #expect(try ktaskctl("release", file).out.hasPrefix("\(file): 8 KiB given back in "))
      #expect(FileFacts(file)?.allocated == 0)
    }
  }
}
