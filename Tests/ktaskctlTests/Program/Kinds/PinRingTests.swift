import LinuxSystem
import Testing

extension ProgramTests {
  @Suite("ktaskctl pin --with io_uring", .enabled(if: Host.hasRings, "\(Host.needsRings)"))
  struct PinRingTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "pins anonymous memory, by the kernel's count, and nothing stays pinned",
      .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
      arguments: ["4K", "thp", "2M"], ["populate", "touch", "map-cold"])
    func anonymous(page: String, method: String) throws {
      if page == "2M" { try scratch.reserve(128, of: .mebibytes2) }
      let ended = try ktaskctl(
        "pin", "--size", "256M", "--with", "io_uring", "--page-size", page, "--method", method, "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.verified?.pinnedBytes == 256 << 20)
      #expect(document.verified?.residentBytes == 256 << 20)
      #expect(document.request?.method == method)
      #expect(document.results.allSatisfy { $0.command.contains(" --with io_uring ") })
      if page == "2M" { #expect(HugePage.mebibytes2.available == 128) }
    }

    @Test(
      "pins a pool's page of 1 GiB, which is as large as a buffer may be",
      .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func gibibytePage() throws {
      try scratch.reserve(1, of: .gibibyte)
      let ended = try ktaskctl(
        "pin", "--size", "1G", "--with", "io_uring", "--page-size", "1G", "--runs", "1", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().verified?.pinnedBytes == 1 << 30)
      #expect(HugePage.gibibyte.available == 1)
    }

    @Test(
      "pins a file's memory and leaves what is in it", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
      arguments: ["tmpfs", "hugetlbfs"])
    func file(kind: String) throws {
      let file = try scratch.folder(on: kind) + "/vm"
      try tool("truncate", "--size", "64M", file)
      try Content(file).write(0..<16 << 20)
      let ended = try ktaskctl("pin", file, "--with", "io_uring", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().verified?.pinnedBytes == 64 << 20)
      #expect(FileFacts(file)?.allocated == 16 << 20, "what was not there is given back, as nothing is to be left")
      #expect(try Content(file).isWritten(0..<16 << 20))
    }

    @Test("memory of more than 1 GiB becomes several buffers", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func moreThanABuffer() throws {
      let ended = try ktaskctl(
        "pin", "--size", "1100M", "--with", "io_uring", "--map-size", "2G", "--threads", "1", "--runs", "1",
        "--warmup", "0", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().verified?.pinnedBytes == 1100 << 20)
    }

    @Test("many small buffers spread over few rings", .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func manyBuffers() throws {
      let words = ["pin", "--size", "64M", "--with", "io_uring", "--page-size", "4K", "--map-size", "4K", "--json"]
      let ended = try start(words, under: ["prlimit", "--nofile=80"]).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().verified?.pinnedBytes == 64 << 20)
    }

    @Test(
      "more buffers than rings have places for are refused",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func tooManyBuffers() throws {
      let words = ["pin", "--size", "512M", "--with", "io_uring", "--page-size", "4K", "--map-size", "4K", "--json"]
      let ended = try start(words, under: ["prlimit", "--nofile=67"]).end()
      #expect(ended.status == 4)
      #expect(ended.message.hasPrefix("ktaskctl: io_uring: needs 131072 buffers, 49152 are possible"), "\(ended.err)")
      #expect(ended.remedy?.contains("--map-size") == true)
    }

    @Test(
      "an ordinary user may pin what the limit allows, and no more",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func limit() throws {
      let program = try scratch.programForAll()
      let user = ["prlimit", "--memlock=4194304"] + Host.ordinaryUser + [program, "pin", "--with", "io_uring"]
      let within = try Child(user + ["--size", "2M"]).end()
      #expect(within.status == 0, "\(within.err)")
      #expect(within.out.contains("2 MiB pinned (VmPin)"))
      let beyond = try Child(user + ["--size", "5M", "--json"]).end()
      #expect(beyond.status == 4)
      #expect(beyond.message.contains("of locked memory, the limit (RLIMIT_MEMLOCK) leaves 4 MiB"), "\(beyond.err)")
      #expect(try beyond.document().errors.first?.code == "resource-limit")
    }

    @Test(
      "buffers that cut huge pages are more than the limit allows beforehand, not on the way",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func cutPages() throws {
      let program = try scratch.programForAll()
      let user = ["prlimit", "--memlock=5242880"] + Host.ordinaryUser
      let words = [program, "pin", "--with", "io_uring", "--size", "4M", "--page-size", "thp", "--runs", "1", "--json"]
      #expect(try Child(user + words + ["--map-size", "2M"]).end().status == 0)
      let cut = try Child(user + words + ["--map-size", "64K"]).end()
      #expect(cut.status == 4 && cut.message.contains("of locked memory, the limit (RLIMIT_MEMLOCK)"), "\(cut.err)")
      #expect(try cut.document().results.isEmpty && cut.document().undone == nil)
    }

    @Test(
      "a refusal that is none of the kernel's settings is told as a seccomp profile's",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func filtered() throws {
      let ended = try ktaskctl(
        "pin", "--size", "16M", "--with", "io_uring", under: Traced.failing("io_uring_setup", "EPERM", when: "1+"))
      #expect(ended.status == 4)
      #expect(ended.message == "ktaskctl: io_uring: a seccomp profile forbids it, not the kernel's settings (EPERM)")
      #expect(ended.remedy?.contains("io_uring_setup") == true)
      #expect(ended.remedy?.contains("sysctl") == false)
    }

    @Test(
      "a kernel whose settings forbid io_uring is told with what allows it, and that works",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"), arguments: ["1", "2"])
    func forbidden(setting: String) throws {
      let file = "/proc/sys/kernel/io_uring_disabled"
      let before = Host.text(file)
      guard Host.write(setting, to: file) else { try Test.cancel("needs kernel.io_uring_disabled, of Linux 6.6") }
      scratch.finally { _ = Host.write(before, to: file) }
      let user = setting == "1" ? Host.ordinaryUser + [try scratch.programForAll()] : [BuiltProgram.path]
      let words = user + ["pin", "--size", "16K", "--with", "io_uring", "--runs", "1"]
      let ended = try Child(words).end()
      #expect(ended.status == 4, "\(ended.err)")
      #expect(ended.message.contains("the kernel's settings forbid it, kernel.io_uring_disabled is \(setting)"))
      let remedy = try #require(ended.remedy)
      let command = "sysctl kernel.io_uring_disabled=0"
      #expect(remedy.contains(command), "\(remedy)")
      #expect(remedy.hasPrefix("as root") == (setting == "1"), "\(remedy)")
      try tool("sh", "-c", command)
      #expect(try Child(words).end().status == 0)
    }

    @Test(
      "a limit for locked memory that has no room for a ring is told as that",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func noRoomForARing() throws {
      if BufferRing.lockedBytes == 0 { try Test.cancel("needs Linux 6.14, where rings count as locked memory") }
      let program = try scratch.programForAll()
      let words = ["prlimit", "--memlock=4096"] + Host.ordinaryUser + [program, "pin", "--size", "1", "--json"]
      let ended = try Child(words + ["--with", "io_uring"]).end()
      #expect(ended.status == 4, "\(ended.err)")
      #expect(ended.message.contains("(RLIMIT_MEMLOCK), 4 KiB for all of the user's processes"), "\(ended.err)")
      #expect(ended.remedy?.contains("sysctl") == false)
      #expect(try ended.document().errors.first?.code == "resource-limit")
    }

    @Test("a kernel without it is not supported", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func missing() throws {
      let ended = try ktaskctl(
        "pin", "--size", "16M", "--with", "io_uring", under: Traced.failing("io_uring_setup", "ENOSYS", when: "1+"))
      #expect(ended.status == 8)
      #expect(ended.message.contains("the kernel has no io_uring") && ended.message.contains("(ENOSYS)"))
    }
  }
}
