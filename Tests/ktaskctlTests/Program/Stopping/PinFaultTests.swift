import Glibc
import Testing

extension ProgramTests {
  /// A chunk that fails in the middle of a pin: its own part and all that was done before is unpinned again.
  @Suite("Pins that fail on the way", .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
  struct PinFaultTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "a limit that is lowered while memory is being pinned ends the work, and all is unpinned",
      .enabled(if: Host.hasRings, "\(Host.needsRings)"),
      arguments: [
        (["--with", "io_uring"], "registering with io_uring"), (["--method", "map-cold"], "locking in memory"),
        (["--with", "io_uring", "--method", "map-cold"], "registering with io_uring"),
      ])
    func limitLowered(words: [String], what: String) throws {
      let program = try scratch.programForAll()
      let sizes = ["--size", "6M", "--page-size", "4K", "--threads", "2", "--min-chunk", "64K", "--runs", "9999"]
      let child = try Child(
        ["prlimit", "--memlock=\(8 << 20)"] + Host.ordinaryUser + [program, "pin", "--json"] + words + sizes)
      while !child.hasEnded && pinned(child) < 2 << 20 { usleep(1000) }
      let lowering = Host.ordinaryUser + ["prlimit", "--pid", "\(child.pid)", "--memlock=\(3 << 20)"]
      #expect(try Child(lowering).end().status == 0)
      let ended = child.end()
      #expect(ended.status == 4, "\(ended.err)")
      #expect(ended.message.hasPrefix("ktaskctl: anonymous memory: \(what) failed at offset "), "\(ended.err)")
      #expect(ended.message.contains("(ENOMEM); undone, "))
      #expect(ended.remedy?.contains("ulimit -l") == true)
      let document = try ended.document()
      #expect(document.undone?.complete == true)
      #expect((document.undone?.bytes ?? 0) > 0)
      #expect(document.errors.first?.offset != nil)
    }

    /// What the kernel counts as locked or pinned of a program.
    private func pinned(_ child: Child) -> Int {
      let lines = Host.text("/proc/\(child.pid)/status").split(separator: "\n")
      let fields = lines.filter { $0.hasPrefix("VmLck:") || $0.hasPrefix("VmPin:") }
      return fields.compactMap { Int($0.split { $0 == " " || $0 == "\t" }[1]) }.reduce(0) { $0 + $1 << 10 }
    }

    /// Buffers of 1 MiB, up to 128 a chunk, one thread: 513 calls come before the first of them.
    private static let buffers = [
      "pin", "--with", "io_uring", "--size", "512M", "--map-size", "1M", "--threads", "1", "--runs", "1", "--warmup",
      "0",
      "--json",
    ]

    @Test(
      "a buffer in the middle of a chunk that the kernel refuses takes that chunk and those before it with it",
      .enabled(if: Host.hasRings && Host.canTrace, "\(Host.needsRings), \(Host.needsTrace)"),
      arguments: [("ENOMEM", 4), ("EOPNOTSUPP", 8), ("EFAULT", 3)] as [(String, Int32)])
    func buffer(errno: String, status: Int32) throws {
      let ended = try start(Self.buffers, under: Traced.failing("io_uring_register", errno, when: "700")).end()
      #expect(ended.status == status, "\(ended.err)")
      let document = try ended.document()
      #expect(document.errors.first?.errno == errno)
      // where the chunk begins that the 187th buffer is in, the clock says
      let offset = try #require(document.errors.first?.offset)
      #expect(offset > 0 && (59 << 20..<187 << 20).contains(offset))
      #expect(document.undone?.bytes == offset)
      #expect(document.undone?.complete == true)
    }

    @Test(
      "buffers that cannot be unregistered are told",
      .enabled(if: Host.hasRings && Host.canTrace, "\(Host.needsRings), \(Host.needsTrace)"))
    func undoFails() throws {
      let ended = try start(Self.buffers, under: Traced.failing("io_uring_register", "ENOMEM", when: "700+")).end()
      #expect(ended.status == 4, "\(ended.err)")
      #expect(try ended.document().undone?.complete == false)
      #expect(ended.message.contains("; undone in part, "))
    }
  }
}
