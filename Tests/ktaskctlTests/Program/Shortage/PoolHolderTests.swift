@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("Who has the pages of a pool that has too few", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct PoolHolderTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private var own: String { "process \(getpid()) (\(Host.text("/proc/self/comm")))" }

    @Test("files that were left behind are named, and how many there are")
    func leftBehind() throws {
      try scratch.reserve(20, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      try tool("mkdir", folder + "/dpdk")
      for number in 0...7 { try tool("fallocate", "--length", "2M", "\(folder)/dpdk/rtemap_\(number)") }
      for words in [["prefault", folder + "/vm"], ["clear", "--page-size", "2M"]] {
        let ended = try start(words + ["--size", "40M", "--json"]).end()
        #expect(ended.status == 3)
        let who = "; 16 MiB lie in \(folder)/dpdk/rtemap_0 and 7 other files, which no process has open"
        #expect(ended.message.hasSuffix(who), "\(ended.err)")
        #expect(try ended.document().errors[0].message.hasSuffix(who))
      }
      // what is there of FILE itself is meant for it
      let again = try ktaskctl("prefault", folder + "/dpdk/rtemap_0", "--size", "40M")
      #expect(again.message.contains("; 14 MiB lie in \(folder)/dpdk/rtemap_1 and 6 other files"), "\(again.err)")
    }

    @Test("a process that has mapped a file without a name is named")
    func unlinked() throws {
      try scratch.reserve(20, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      try tool("truncate", "--size", "16M", folder + "/gone")
      let content = try Content(folder + "/gone")
      content.write(0..<16 << 20)
      try tool("rm", folder + "/gone")
      let ended = try ktaskctl("prefault", folder + "/vm", "--size", "40M")
      #expect(ended.status == 3)
      #expect(ended.message.hasSuffix("; \(own) has 16 MiB in \(folder)/gone (unlinked)"), "\(ended.err)")
      withExtendedLifetime(content) {}
    }

    @Test("memory of no file is named, made or only promised", arguments: [true, false])
    func anonymous(isMade: Bool) throws {
      try scratch.reserve(20, of: .mebibytes2)
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB
      guard let memory = unsafe mmap(nil, 16 << 20, PROT_READ | PROT_WRITE, flags, -1, 0), unsafe memory != MAP_FAILED
      else { throw Failure("no huge pages can be mapped: errno \(errno)") }
      defer { unsafe munmap(memory, 16 << 20) }
      if isMade { unsafe memset(memory, 1, 16 << 20) }
      let ended = try ktaskctl("clear", "--size", "40M", "--page-size", "2M")
      #expect(ended.status == 3)
      #expect(ended.message.hasSuffix("; \(own) has 16 MiB in anonymous memory"), "\(ended.err)")
    }

    @Test(
      "a QEMU that has made no page yet is named with what is promised to it",
      .enabled(if: Host.has("qemu-system-x86_64"), "needs qemu-system-x86_64"))
    func qemu() throws {
      try scratch.reserve(40, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      let memory = "memory-backend-file,id=mem,mem-path=\(folder)/vm1,size=64M,share=on,prealloc=off"
      let machine = try Child([
        "qemu-system-x86_64", "-accel", "tcg", "-m", "64M", "-machine", "q35,memory-backend=mem", "-object", memory,
        "-nodefaults", "-display", "none", "-S",
      ])
      machine.wait { HugePage.mebibytes2.available < 40 }
      let ended = try ktaskctl("prefault", folder + "/vm", "--size", "40M")
      #expect(ended.status == 3, "\(ended.err)")
      #expect(
        ended.message.contains("; process \(machine.pid) (qemu-system-x86) has 64 MiB in \(folder)/vm1"), "\(ended.err)"
      )
      machine.kill()
    }

    @Test("the largest three are named, the largest first")
    func three() throws {
      try scratch.reserve(40, of: .mebibytes2)
      let folders = try (1...4).map { _ in try scratch.hugetlbfs(.mebibytes2) }
      for (number, folder) in folders.enumerated() {
        try tool("fallocate", "--length", "\((number + 1) * 4)M", folder + "/left")
      }
      let ended = try ktaskctl("prefault", folders[0] + "/vm", "--size", "160M")
      let parts = ended.message.split(separator: "; ").dropFirst().map { $0.prefix { $0 != " " } }
      #expect(parts == ["16", "12", "8"], "\(ended.err)")
    }

    @Test("is told of, too, where a pool could not be raised")
    func growing() throws {
      try scratch.reserve(20, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      try tool("fallocate", "--length", "16M", folder + "/left")
      // the kernel takes what is written, and finds no memory for it
      let ended = try ktaskctl("prefault", folder + "/vm", "--size", "64M", "--grow-pool", under: Self.unwritten)
      #expect(ended.status == 3, "\(ended.err)")
      #expect(ended.err.contains("; 16 MiB lie in \(folder)/left, which no process has open"), "\(ended.err)")
    }

    /// Whatever is written to a setting seems to be taken.
    private static let unwritten = [
      "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", "inject=pwrite64:retval=2",
    ]
  }
}
