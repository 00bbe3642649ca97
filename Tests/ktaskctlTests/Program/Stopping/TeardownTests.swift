import Glibc
import Testing

extension ProgramTests {
  /// What is given back at the end keeps to the run's options like the run itself.
  @Suite(
    "Giving back", .enabled(if: Host.isRoot && Host.canTrace, "\(Host.needsRoot), \(Host.needsTrace)"))
  struct TeardownTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// How often a call was made.
    private func calls(_ call: String, _ words: [String]) throws -> Int {
      let log = scratch.file("calls")
      let traced = ["strace", "-f", "-qq", "-o", log, "-e", "trace=\(call)"]
      let ended = try start(
        words + ["--size", "512M", "--page-size", "4K", "--runs", "1", "--warmup", "0"], under: traced
      )
      .end()
      #expect(ended.status == 0, "\(ended.err)")
      return Host.text(log).split(separator: "\n").count { $0.contains("\(call)(") }
    }

    @Test(
      "starts no helper where none was allowed",
      arguments: [["clear", "--threads", "1"], ["clear", "--max-helpers", "0"], ["pin", "--threads", "1"]])
    func noHelper(words: [String]) throws {
      #expect(try calls("clone3", words) == 1, "the thread that watches, and no other")
    }

    @Test("lends nothing with --no-lend")
    func noLending() throws {
      let priorities = try calls("setpriority", ["clear", "--threads", "2", "--no-lend"])
      #expect(priorities == 2, "the helper's own, at its start, and the one with which it ends when all is done")
    }
  }

  @Suite("Sizes beyond all machines")
  struct EnormousTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("are refused, also where only their sum is so")
    func refused() throws {
      let (a, b) = (scratch.file("a"), scratch.file("b"))
      for words in [
        ["clear", "--region", "size=5E", "--region", "size=5E"],
        ["clear", "--region", "size=5E,nodes=0", "--region", "size=5E,nodes=0"],
        ["prefault", "--region", "path=\(a),size=5E", "--region", "path=\(b),size=5E"],
        ["pin", "--size", "9223372036854771712", "--page-size", "4K"],
        ["pin", "--size", "9223372036854771712", "--with", "io_uring", "--page-size", "4K"],
      ] {
        let ended = try start(words).end()
        #expect(ended.status == 3, "\(words): \(ended.err)")
        #expect(ended.message.hasSuffix("(ENOMEM)") || ended.message.contains("needs 8 EiB of memory"), "\(ended.err)")
      }
      #expect(FileFacts(a) == nil && FileFacts(b) == nil)
    }
  }
}
