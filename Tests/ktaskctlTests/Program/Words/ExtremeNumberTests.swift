import Foundation
import Testing

extension ProgramTests {
  /// Numbers that a user writes, plants in a file's size, or that a kernel tells: a run may be refused, but it is not to end by a
  /// trap.
  @Suite("Numbers of any size", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ExtremeNumberTests {
    let scratch: Scratch
    let folder: String

    init() throws {
      scratch = try Scratch()
      folder = try scratch.tmpfs(mebibytes: 80)
    }

    @discardableResult
    private func expectNoTrap(_ words: [String], _ location: SourceLocation = #_sourceLocation) throws -> Ended {
      let ended = try start(words).end()
      let line = words.map { $0.count > 80 ? "\($0.prefix(80))…" : $0 }.joined(separator: " ")
      #expect(
        [0, 1, 2, 3, 4, 8, 64].contains(ended.status), "\(line): \(ended.status)\n\(ended.err.suffix(2000))",
        sourceLocation: location)
      return ended
    }

    private static let sizes = ["4611686018427387904", "9223372036854771712", "9223372036854775807"]

    @Test("what no whole page holds is short of the memory that there is, which is some")
    func mostBytes() throws {
      let ended = try ktaskctl("clear", "--size", "9223372036854775807")
      #expect(ended.status == 3, "\(ended.err)")
      #expect(!ended.message.contains(" 0 B are available"), "\(ended.message)")
    }

    @Test("of sizes, regions and chunks are refused or planned", arguments: sizes)
    func asked(size: String) throws {
      let file = folder + "/vm"
      for words in [
        ["clear"], ["clear", "--nodes", "0"], ["clear", "--nodes", "0", "--policy", "interleave"], ["pin"],
        ["pin", "--with", "io_uring"], ["pin", "--with", "iommufd", "--iova-base", "0xfffffffffffff000"],
        ["clear", "--page-size", "2M"], ["clear", "--page-size", "thp"], ["prefault", file],
        ["prefault", file, "--nodes", "0"],
        ["exec", "--", "true"], ["exec", "--page-size", "2M", "--", "true"],
      ] {
        let at = words.firstIndex(of: "--") ?? words.count
        try expectNoTrap(words[..<at] + ["--size", size, "--dry-run"] + words[at...])
      }
      try expectNoTrap(["clear", "--region", "size=\(size),nodes=0", "--region", "size=\(size),nodes=0"])
      try expectNoTrap(["clear", "--size", "1M", "--runs", "1", "--min-chunk", size])
      try expectNoTrap(["clear", "--size", "1M", "--dry-run", "--page-size", size])
      try expectNoTrap(["pin", "--size", "1M", "--with", "io_uring", "--map-size", size, "--dry-run"])
      try expectNoTrap(["clear", "--size", "1M", "--runs", size])
      try expectNoTrap(["clear", "--size", "1M", "--warmup", "-\(size)"])
      try expectNoTrap(["clear", "--size", "1M", "--threads", size])
      try expectNoTrap(["clear", "--size", "1M", "--nice", size])
      try expectNoTrap(["clear", "--size", "1M", "--nice", "-\(size)"])
      try expectNoTrap(["clear", "--size", "1M", "--max-helpers", size])
      try expectNoTrap(["clear", "--size", "1M", "--runs", "1", "--timeout", "\(size)ns"])
      try expectNoTrap(["clear", "--size", "1M", "--nodes", size])
      try expectNoTrap(["prefault", file, "--size", size])
      try expectNoTrap(["release", file, "--offset", size, "--size", size])
      #expect(FileFacts(file) == nil)
    }

    @Test("of threads, nodes and regions that come many times are read")
    func lists() throws {
      try expectNoTrap([
        "clear", "--size", "1M", "--dry-run", "--nodes", Array(repeating: "0", count: 65_000).joined(separator: ","),
      ])
      let threads = try expectNoTrap(["clear", "--size", "1M", "--dry-run", "--threads", "1-65536"])
      #expect(threads.err.split(separator: "\n").count < 10, "\(threads.err.prefix(1000))")
      #expect(threads.err.contains("counts from "))
      let groups = (0..<15_000).map { "\($0)" }.joined(separator: ",")
      try expectNoTrap(["pin", "--size", "1M", "--with", "vfio:\(groups)", "--dry-run"])
    }

    private static let planted = [Int.max - 4096, .max - 4095, .max - 4094, .max - 1, .max]

    @Test("that are a file's size are looked at, refused or done", arguments: planted)
    func plantedSizes(size: Int) throws {
      let file = folder + "/planted"
      try tool("truncate", "--size", "\(size)", file)
      for words in [
        ["verify"], ["verify", "--info"], ["verify", "--zero"], ["verify", "--nodes", "0"], ["verify", "--size", "1M"],
        ["prefault"],
        ["prefault", "--nodes", "0"], ["prefault", "--size", "1M", "--nodes", "0"], ["prefault", "--dry-run"],
        ["clear"],
        ["clear", "--nodes", "all", "--policy", "interleave"], ["pin"], ["pin", "--with", "io_uring"],
        ["release", "--dry-run"],
        ["prefault", "--method", "fallocate"], ["release", "--size", "1M"], ["release"],
      ] {
        try expectNoTrap([words[0], file] + words.dropFirst())
      }
      #expect(FileFacts(file)?.size == size)
    }

    @Test("of two files of that size do not add up, and are refused")
    func together() throws {
      for name in ["a", "b"] { try tool("truncate", "--size", "\(Int.max - 4095)", "\(folder)/\(name)") }
      for command in ["verify", "prefault", "clear", "release"] {
        try expectNoTrap([command, folder + "/a", folder + "/b"])
      }
    }

    /// What 8 bytes of a system call's answer are made into, by its argument and offset.
    private static let lies = [
      "fstat 1+48", "fstat 1+64", "newfstatat 2+48", "newfstatat 2+64", "fstatfs 1+8", "fstatfs 1+16", "fstatfs 1+24",
      "fstatfs 1+32",
      "cachestat 2+0", "cachestat 2+24", "prlimit64 3+0", "prlimit64 3+8", "getrusage 1+0", "getrusage 1+8",
      "mincore 2+0",
      "ioctl 2+0", "move_pages 4+0", "get_mempolicy 1+0", "read 1+16", "pread64 1+0",
    ]

    @Test(
      "that the kernel tells are believed, or not, and end nothing",
      .enabled(if: Injected.isPossible, "needs ptrace(2)"),
      arguments: lies)
    func told(lie: String) throws {
      let words = lie.split(separator: " ").map(String.init)
      for value in [Int.max, .max - 4095, -1] {
        for (index, command) in [["verify", "--zero"], ["prefault", "--size", "4M"]].enumerated() {
          let file = "\(folder)/\(index)"
          try tool("fallocate", "--length", "2M", file)
          let run = try Injected(
            ["lie"] + words + ["\(value)", "1+"],
            [BuiltProgram.path, command[0], file, "--timeout", "20s"] + command.dropFirst(),
            report: scratch.file("report"))
          guard case .exit(let status) = run.end else {
            Issue.record("\(command) \(lie) \(value): \(run.end) \(run.threads) \(run.err.suffix(1500))")
            continue
          }
          #expect(status < 128, "\(command) \(lie) \(value): \(run.err.suffix(1500))")
        }
      }
    }

    @Test(
      "that lseek(2) tells, backwards or beyond the end, end nothing",
      .enabled(if: Injected.isPossible, "needs ptrace(2)"),
      arguments: [-4096, 0, 1, 4095, 1 << 62, .max - 4095, .max])
    func seeks(offset: Int) throws {
      let file = try scratch.disk("ext4", mebibytes: 40) + "/vm"
      try tool("fallocate", "--length", "2M", file)
      for (command, forbidden) in [("verify", false), ("prefault", false), ("prefault", true)] {
        let under = forbidden && Forbidden.isPossible ? Forbidden.calls(.cachestat) : []
        let run = try Injected(
          ["fail", "lseek", "\(offset)", "1+"], under + [BuiltProgram.path, command, file, "--timeout", "20s"],
          report: scratch.file("report"))
        if case .exit(let status) = run.end {
          #expect(status < 128, "\(run.err)")
        } else {
          Issue.record("\(command): \(run.end)")
        }
      }
    }
  }
}
