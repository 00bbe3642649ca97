@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// What cannot be known is not taken for there, for zero or for none.
  @Suite("What is not known", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct PresenceTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// Each leaves another way of knowing.
    private static let profiles: [[String]] = [
      [], Forbidden.calls(.cachestat, errno: 38), Forbidden.calls(.userfaultfd),
      Forbidden.calls(.cachestat, .userfaultfd, errno: 38),
    ]

    /// 16 MiB of which 4 are allocated and 3 written.
    private func partlyMade(in folder: String) throws -> String {
      let file = folder + "/partly"
      try tool("truncate", "--size", "16M", file)
      try tool("fallocate", "--length", "4M", file)
      try Content(file).write(8 << 20..<11 << 20)
      return file
    }

    @Test(
      "a file with data is never all zero, whatever the kernel refuses to tell", .enabled(if: Forbidden.isPossible),
      arguments: ["tmpfs", "hugetlbfs"], profiles)
    func zero(kind: String, under: [String]) throws {
      // in whole pages of the pool
      let file = try scratch.folder(on: kind) + "/vm"
      try tool("truncate", "--size", "16M", file)
      try tool("fallocate", "--length", "4M", file)
      try Content(file).write(8 << 20..<10 << 20)
      let before = FileFacts(file)
      let ended = try ktaskctl("verify", file, "--zero", "--json", under: under)
      #expect(ended.status == 2, "\(ended.err)")
      #expect(ended.message == "ktaskctl: \(file): the byte at offset 8388608 is not zero")
      #expect(try ended.document().files.first?.zero == false)
      #expect(FileFacts(file) == before)
    }

    @Test(
      "a hole is zero, and is not made by being looked at", .enabled(if: Forbidden.isPossible),
      arguments: ["tmpfs", "hugetlbfs"], profiles)
    func hole(kind: String, under: [String]) throws {
      let file = try scratch.folder(on: kind) + "/vm"
      try tool("truncate", "--size", "16M", file)
      try tool("fallocate", "--length", "4M", file)
      let before = FileFacts(file)
      let ended = try ktaskctl("verify", file, "--zero", "--info", "--json", under: under)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().files.first?.zero == true)
      #expect(FileFacts(file) == before)
    }

    @Test(
      "prefault makes what is not known to be there, and keeps what is", .enabled(if: Forbidden.isPossible),
      arguments: ["tmpfs", "hugetlbfs"], profiles)
    func prefault(kind: String, under: [String]) throws {
      let file = try scratch.folder(on: kind) + "/vm"
      try tool("truncate", "--size", "16M", file)
      try tool("fallocate", "--length", "4M", file)
      let content = try Content(file)
      content.write(8 << 20..<10 << 20)
      let ended = try ktaskctl("prefault", file, "--json", under: under)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().plan?.bytesToDo != 0)
      #expect(FileFacts(file)?.allocated == 16 << 20)
      #expect(content.isWritten(8 << 20..<10 << 20))
      if kind == "tmpfs" { #expect(content.residentBytes == 16 << 20) }
      let again = try ktaskctl("prefault", file, under: under)
      #expect(again.out == "\(file): 16 MiB resident already, nothing to do\n", "\(again.err)")
    }

    @Test("what pin FILE makes goes again where the kernel does not tell", .enabled(if: Forbidden.isPossible))
    func pin() throws {
      let file = try scratch.folder(on: "hugetlbfs") + "/vm"
      try tool("truncate", "--size", "16M", file)
      try tool("fallocate", "--length", "4M", file)
      let ended = try ktaskctl("pin", file, under: Forbidden.calls(.userfaultfd))
      #expect(ended.status == 0, "\(ended.err)")
      #expect(FileFacts(file)?.allocated == 4 << 20)
    }

    @Test(
      "pages that fallocate made are cleared, and those that it did not make are made",
      arguments: ["populate", "touch", "fallocate"])
    func fallocated(method: String) throws {
      let file = try scratch.tmpfs(mebibytes: 32) + "/vm"
      try tool("fallocate", "--length", "8M", file)
      let ended = try ktaskctl("prefault", file, "--size", "16M", "--method", method, "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().plan?.bytesToDo == 16 << 20)
      #expect(try Content(file).residentBytes == 16 << 20)
      #expect(try ktaskctl("prefault", file).out.hasSuffix("nothing to do\n"))
    }

    @Test("a wholly fallocated file is not ready before its pages are cleared")
    func whollyFallocated() throws {
      let file = try scratch.tmpfs(mebibytes: 32) + "/vm"
      try tool("fallocate", "--length", "8M", file)
      #expect(try Content(file).residentBytes == 0)
      let ended = try ktaskctl("prefault", file)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(!ended.out.contains("nothing to do"))
      #expect(try Content(file).residentBytes == 8 << 20)
    }

    @Test("an undo leaves what was allocated before", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func undo() throws {
      let file = try partlyMade(in: scratch.tmpfs(mebibytes: 32))
      let words = ["prefault", file, "--threads", "2", "--min-chunk", "2M", "--json"]
      let ended = try start(words, under: Traced.failing("madvise", "EFAULT", when: "3+")).end()
      #expect(ended.status == 3, "\(ended.err)")
      #expect(try ended.document().undone?.complete == true)
      #expect(FileFacts(file)?.allocated == 7 << 20)
      #expect(try Content(file).isWritten(8 << 20..<11 << 20))
    }

    @Test("a look at a file on a disk makes no more of it resident", arguments: [[], ["--zero"]])
    func readAhead(words: [String]) throws {
      let file = try scratch.disk("ext4", mebibytes: 400) + "/vm"
      try tool("dd", "if=/dev/urandom", "of=\(file)", "bs=1M", "count=64", "conv=fsync", "status=none")
      try tool("dd", "of=\(file)", "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none")
      let content = try Content(file)
      content.read(0..<8 << 20)
      let before = content.residentBytes
      try #require(before >= 8 << 20 && before < 64 << 20)
      for _ in 1...3 { #expect(try start(["verify", file, "--info"] + words).end().status == 0) }
      #expect(content.residentBytes <= before)
    }

    @Test("what is only looked at is not copied up in an overlay", arguments: ["prefault", "clear", "pin", "release"])
    func overlay(command: String) throws {
      let folders = try overlay()
      let file = folders.merged + "/vm"
      let ended = try ktaskctl(command, file, "--dry-run")
      // an overlay of a disk's files has no memory to clear or to pin
      #expect([0, 8].contains(ended.status), "\(ended.err)")
      #expect(FileFacts(folders.upper + "/vm") == nil)
      #expect(try ktaskctl("verify", file, "--info").status == 0)
      #expect(FileFacts(folders.upper + "/vm") == nil)
    }

    @Test("the pages of an overlay's file are those of the file beneath", arguments: ["tmpfs", "ext4"])
    func overlaid(kind: String) throws {
      let folders = try overlay(on: kind)
      let (below, new) = (folders.merged + "/vm", folders.merged + "/new")
      try tool("cat", below)
      let told = try ktaskctl("verify", below)
      #expect(told.status == 0, "\(told.err)")
      #expect(FileFacts(folders.upper + "/vm") == nil)
      for file in [below, new] {
        let made = try ktaskctl("prefault", file, "--size", "8M")
        #expect(made.status == 0, "\(made.err)")
        #expect(try ktaskctl("verify", file, "--size", "8M").status == 0)
        #expect(try ktaskctl("prefault", file, "--size", "8M").out.contains("nothing to do"))
      }
      #expect(try Content(folders.upper + "/new").residentBytes == 8 << 20)
    }

    private func overlay(on kind: String = "tmpfs") throws -> (merged: String, upper: String) {
      let disk = kind == "tmpfs" ? try scratch.tmpfs(mebibytes: 64) : try scratch.disk(kind, mebibytes: 64)
      for name in ["lower", "upper", "work", "merged"] { try tool("mkdir", "\(disk)/\(name)") }
      try tool("dd", "if=/dev/urandom", "of=\(disk)/lower/vm", "bs=1M", "count=4", "status=none")
      let merged = disk + "/merged"
      let options = "lowerdir=\(disk)/lower,upperdir=\(disk)/upper,workdir=\(disk)/work"
      let ended = try Child(["mount", "-t", "overlay", "-o", options, "none", merged]).end()
      if ended.status != 0 { try Test.cancel("overlayfs cannot be mounted here: \(ended.err)") }
      scratch.finally { _ = try? tool("umount", "--lazy", merged) }
      return (merged, disk + "/upper")
    }

    @Test(
      "a file that was made goes again when the next call on it fails",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"),
      arguments: [("flock", "ENOLCK"), ("flock", "EOPNOTSUPP"), ("ftruncate", "EIO")])
    func ownedFromTheStart(call: String, errno: String) throws {
      let file = try scratch.tmpfs(mebibytes: 32) + "/vm"
      let words = ["prefault", file, "--size", "8M", "--json"]
      let ended = try start(words, under: Traced.failing(call, errno, when: "1+")).end()
      #expect(ended.status != 0)
      #expect(ended.message.contains("(\(errno))"), "\(ended.err)")
      #expect(FileFacts(file) == nil, "\(ended.err)")
      #expect(try ended.document().undone?.complete == true)
    }

    @Test(
      "what fallocate did not do on a disk is found out", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func fallocateLies() throws {
      let file = try scratch.disk("ext4", mebibytes: 100) + "/vm"
      let lying = [
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fallocate", "-e", "inject=fallocate:retval=0:when=1+",
      ]
      let ended = try ktaskctl("prefault", file, "--size", "16M", under: lying)
      #expect(ended.status == 1, "\(ended.err)")
      #expect(ended.message.contains("have no blocks on the disk afterwards"), "\(ended.err)")
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "clearing that failed midway is not told as if nothing had been touched",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"), arguments: ["EINVAL", "EOPNOTSUPP", "EBUSY"])
    func clearedInPart(errno: String) throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      try tool("truncate", "--size", "64M", file)
      try Content(file).write(0..<64 << 20)
      let words = ["clear", file, "--threads", "1", "--min-chunk", "2M", "--runs", "1", "--warmup", "0", "--json"]
      let ended = try start(words, under: Traced.failing("madvise", errno, when: "6+")).end()
      #expect(ended.status == 1, "\(ended.err)")
      #expect(try ended.document().errors.first?.exitStatus == 1)
      #expect(try ended.document().undone?.complete == false)
    }

    @Test("pages of which the kernel does not tell the size are not taken for small ones, nor on the node asked for")
    func unknownPages() throws {
      let file = try scratch.tmpfs(mebibytes: 32) + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "8M").status == 0)
      // nothing is mounted there that could tell
      let under = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"]
      let ended = try ktaskctl("verify", file, "--json", under: under)
      #expect(ended.status == 0, "\(ended.err)")
      let found = try #require(ended.document().files.first)
      #expect(found.hugeBytes == nil && found.pageSize == nil && found.pagesByNode == nil)
      #expect(
        try ktaskctl("verify", file, under: under).out
          == "\(file): 8 MiB, all resident in pages of a size that is not known\n")
      let pages = try ktaskctl("verify", file, "--page-size", "4K", under: under)
      #expect(pages.status == 2 && pages.message.hasSuffix("the kernel does not tell in which pages it is"))
      let nodes = try ktaskctl("verify", file, "--nodes", "0", under: under)
      #expect(nodes.status == 2, "\(nodes.err)")
    }
  }
}
