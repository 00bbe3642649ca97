@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// Root works on a FILE in a directory of somebody who exchanges what its name means, ten thousand times for each command.
  @Suite(
    "A FILE whose name another user exchanges", .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
  struct RaceTests {
    let scratch: Scratch
    let victim: String
    private let attacker: [String]
    /// The attacker's.
    private let folder: String

    init() throws {
      scratch = try Scratch()
      attacker = try scratch.attacker()
      let memory = try scratch.tmpfs(mebibytes: 80)
      try tool("mkdir", "--mode=0700", memory + "/roots")
      victim = memory + "/roots/victim"
      // a hole at its end shows who makes pages
      try tool("truncate", "--size", "2M", victim)
      try tool("chmod", "0600", victim)
      try Content(victim).write(0..<1 << 20)
      folder = memory + "/theirs"
      for name in [folder, folder + "/d"] { try tool("mkdir", name) }
    }

    static let commands = [
      ["release"], ["release", "--unlink"], ["clear", "--runs", "1", "--warmup", "0"], ["prefault", "--size", "1M"],
      ["verify"], ["pin", "--runs", "1", "--warmup", "0"],
    ]

    /// A few times, and until they have been exchanged often enough; the statuses.
    private func run(
      _ words: [String], on file: String, while one: String, _ other: String, under: [String] = []
    ) throws -> [Int32] {
      try tool("chown", "--recursive", "--no-dereference", "65534:65534", folder)
      let before = FileFacts(victim)
      let exchanges = try Child(attacker + ["exchange", "10000", one, other])
      var statuses: [Int32] = []
      while !exchanges.hasEnded {
        statuses.append(try start(words + [file], under: under).end().status)
        if statuses.count == 20 { exchanges.send(SIGTERM) }
      }
      let ended = exchanges.end()
      #expect(Int(ended.out.dropLast()) ?? 0 >= 10_000, "\(ended.err)")
      #expect(FileFacts(victim) == before)
      #expect(try Content(victim).isWritten(0..<1 << 20))
      return statuses
    }

    @Test("its directory becomes one whose link leads to another file, and back", arguments: commands)
    func directory(words: [String]) throws {
      try tool("ln", "-s", victim, folder + "/d/vm1")
      try tool("ln", "-s", "/proc/self/fd", folder + "/e")
      let statuses = try run(words, on: folder + "/d/vm1", while: folder + "/d", folder + "/e")
      #expect(statuses.allSatisfy { [1, 4, 8].contains($0) }, "\(statuses)")
    }

    @Test("the file becomes a link to another one, and back", arguments: commands)
    func name(words: [String]) throws {
      var statuses: [Int32] = []
      // one that removes the name may meet the link between its look and its unlink(2): from then on there is none
      for _ in 0..<10 where !statuses.contains(8) {
        try tool("rm", "--force", folder + "/d/vm1", folder + "/d/link")
        try tool("truncate", "--size", "1M", folder + "/d/vm1")
        try tool("ln", "-s", victim, folder + "/d/link")
        statuses += try run(words, on: folder + "/d/vm1", while: folder + "/d/vm1", folder + "/d/link")
      }
      #expect(statuses.contains(8), "it never was a link: \(statuses)")
    }

    @Test("its directory becomes that of the program's own descriptors, and back", arguments: commands)
    func descriptor(words: [String]) throws {
      try tool("ln", "-s", victim, folder + "/d/9")
      try tool("ln", "-s", "/proc/self/fd", folder + "/e")
      let shell = ["bash", "-c", "exec 9<>\(victim); exec \"$@\"", "bash"]
      let statuses = try run(words, on: folder + "/d/9", while: folder + "/d", folder + "/e", under: shell)
      #expect(statuses.allSatisfy { [1, 4, 8].contains($0) }, "\(statuses)")
    }

    @Test(
      "a FIFO and a device are never really opened", .enabled(if: Host.canTrace, "\(Host.needsTrace)"),
      arguments: commands)
    func neverOpened(words: [String]) throws {
      try tool("mkfifo", folder + "/fifo")
      try tool("mknod", folder + "/device", "c", "1", "5")
      for name in ["fifo", "device"] {
        let log = scratch.file(name)
        let trace = ["strace", "-f", "-qq", "-y", "-e", "trace=open,openat,openat2", "-o", log]
        #expect(try start(words + ["\(folder)/\(name)"], under: trace).end().status == 8)
        let opened = Host.text(log).split(separator: "\n").filter {
          $0.contains("/\(name)>") || $0.contains("\"\(name)\"")
        }
        #expect(!opened.isEmpty && opened.allSatisfy { $0.contains("O_PATH") }, "\(opened)")
      }
    }
  }
}
