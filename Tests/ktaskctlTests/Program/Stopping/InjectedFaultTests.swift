import Testing

extension ProgramTests {
  @Suite(
    "Faults on the way", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
    .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
  struct InjectedFaultTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// Eight chunks for two threads.
    private static let chunks = ["--size", "64M", "--threads", "2", "--min-chunk", "2M", "--json"]

    @Test(
      "a page that cannot be had ends the work, and a file is as it was",
      arguments: ["tmpfs", "hugetlbfs", "ext4", "xfs"],
      ["EFAULT", "EHWPOISON"])
    func populate(kind: String, errno: String) throws {
      let file = try scratch.folder(on: kind) + "/vm"
      try tool("truncate", "--size", "32M", file)
      try Content(file).write(8 << 20..<12 << 20)
      let before = try #require(FileFacts(file))
      let (free, available) = (HugePage.mebibytes2.free, HugePage.mebibytes2.available)
      let ended = try start(["prefault", file] + Self.chunks, under: Traced.failing("madvise", errno, when: "5+")).end()
      #expect(ended.status == (errno == "EFAULT" ? 3 : 5))
      #expect(ended.message.hasPrefix("ktaskctl: \(file): populating failed at offset "))
      #expect(ended.message.contains("(\(errno)); undone, "), "\(ended.err)")
      try expectUndone(ended, errno)
      let after = try #require(FileFacts(file))
      #expect(after.size == before.size)
      // a disk may keep a block in which it lists the file's blocks
      #expect(after.allocated - before.allocated <= (kind == "ext4" ? 4096 : 0))
      #expect(HugePage.mebibytes2.free == free)
      #expect(HugePage.mebibytes2.available >= available, "nothing is reserved for the file any more")
      let content = try Content(file)
      #expect(content.isWritten(8 << 20..<12 << 20))
      #expect(content.isZero(12 << 20..<32 << 20))
    }

    private func expectUndone(_ ended: Ended, _ errno: String) throws {
      let document = try ended.document()
      let error = try #require(document.errors.first)
      #expect(error.exitStatus == ended.status)
      #expect(error.errno == errno)
      #expect(error.offset != nil)
      #expect(document.undone?.complete == true)
      #expect(document.results.isEmpty)
    }

    @Test("a file that was made goes again", arguments: ["tmpfs", "hugetlbfs", "ext4"])
    func newFile(kind: String) throws {
      let file = try scratch.folder(on: kind) + "/vm"
      let ended = try start(["prefault", file] + Self.chunks, under: Traced.failing("madvise", "EFAULT", when: "5+"))
        .end()
      #expect(ended.status == 3, "\(ended.err)")
      try expectUndone(ended, "EFAULT")
      #expect(FileFacts(file) == nil)
      if kind == "hugetlbfs" { #expect(HugePage.mebibytes2.available == 32) }
    }

    /// The first chunk is a small one, 1/64 of the largest.
    @Test("a full file system ends the work of fallocate, and what it made goes again")
    func allocate() throws {
      let file = try scratch.tmpfs(mebibytes: 1024) + "/vm"
      let words = ["prefault", file, "--size", "768M", "--method", "fallocate", "--threads", "1", "--json"]
      let ended = try start(words, under: Traced.failing("fallocate", "ENOSPC", when: "2")).end()
      #expect(ended.status == 3, "\(ended.err)")
      #expect(try ended.document().errors.first?.code == "no-space")
      #expect(try ended.document().errors.first?.offset == 2 << 20)
      #expect(try ended.document().undone?.bytes == 2 << 20)
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "anonymous memory that cannot be had is given back",
      arguments: [("EFAULT", 3), ("ENOMEM", 3), ("EHWPOISON", 5)] as [(String, Int32)])
    func anonymous(errno: String, status: Int32) throws {
      let words = ["clear", "--page-size", "4K", "--runs", "1", "--warmup", "0"] + Self.chunks
      let ended = try start(words, under: Traced.failing("madvise", errno, when: "6+")).end()
      #expect(ended.status == status, "\(ended.err)")
      #expect(try ended.document().errors.first?.errno == errno)
    }

    @Test(
      "what the kernel or the file system lacks is not supported here, and nothing is left",
      arguments: [("fallocate", "EOPNOTSUPP"), ("fallocate", "ENOSYS")])
    func notSupported(call: String, errno: String) throws {
      let file = try scratch.disk("ext4", mebibytes: 100) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "16M", under: Traced.failing(call, errno, when: "1"))
      #expect(ended.status == 8)
      #expect(ended.message.contains("(\(errno))"), "\(ended.err)")
      #expect(FileFacts(file) == nil)
    }

    @Test("a kernel that cannot populate gets its pages touched; who insists on it is refused")
    func oldKernel() throws {
      let old = Traced.failing("madvise", "EINVAL", when: "1+")
      let file = try scratch.tmpfs(mebibytes: 16) + "/vm"
      let touched = try ktaskctl("prefault", file, "--size", "8M", "--json", under: old)
      #expect(touched.status == 0, "\(touched.err)")
      #expect(try touched.document().request?.method == "touch")
      #expect(FileFacts(file)?.allocated == 8 << 20)
      #expect(try ktaskctl("prefault", file, "--size", "16M", "--method", "populate", under: old).status == 8)
      #expect(FileFacts(file)?.size == 8 << 20)
    }

    @Test("a lock that the kernel refuses is told with the limit's remedy", arguments: ["ENOMEM", "EPERM"])
    func lock(errno: String) throws {
      let ended = try ktaskctl("pin", "--size", "16M", under: Traced.failing("mlock2", errno, when: "1"))
      #expect(ended.status == 4)
      #expect(ended.message.contains("(\(errno))"))
      #expect(ended.remedy?.contains("ulimit -l") == true)
    }

    @Test("an undo that fails is told, too")
    func undoFails() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      try tool("truncate", "--size", "64M", file)
      let faults = Traced.failing([("madvise", "EFAULT", "5+"), ("fallocate", "EIO", "1+")])
      let ended = try start(["prefault", file] + Self.chunks, under: faults).end()
      #expect(ended.status == 3)
      #expect(try ended.document().undone?.complete == false)
      #expect(ended.message.contains("; undone in part, "), "\(ended.err)")
    }

    @Test("a machine that gives no thread has its work done all the same")
    func noThreads() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let faults = Traced.failing([("clone", "EAGAIN", "1+"), ("clone3", "EAGAIN", "1+")])
      let ended = try start(["prefault", file] + Self.chunks, under: faults).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.err.contains("warning: no thread for signals"))
      #expect(FileFacts(file)?.allocated == 64 << 20)
    }
  }
}
