import Foundation
@unsafe @preconcurrency import Glibc
import TestSupport
import Testing

extension ProgramTests {
  /// Command lines as nobody would write them. RANDOM_LINES says how many, RANDOM_LINES_SEED where they begin: the number of one that fails
  /// makes that one again.
  @Suite("Random command lines")
  struct RandomLineTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let count = environment["RANDOM_LINES"].flatMap { Int($0) } ?? 400
    private static let first = environment["RANDOM_LINES_SEED"].flatMap { Int($0) } ?? 1

    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "are answered with a status of the contract, soon, in words that do a terminal nothing, and in JSON where that was asked for"
    )
    func answered() throws {
      let names = ["file", "dir", "é file", "line\nbreak", "\u{1B}[31mred", "\u{7}bell\u{9B}2J"].map(scratch.file)
      for name in names.dropFirst(2) + names.prefix(1) { try tool("truncate", "--size", "64K", name) }
      try tool("mkdir", names[1])
      var statuses: [Int32: Int] = [:]
      var known: [String: [String]] = [:]
      for seed in Self.first..<Self.first + Self.count {
        let line = RandomLine(seed, names) { command in
          if known[command] == nil { known[command] = Self.options(of: command) }
          return known[command] ?? []
        }
        let before = Self.childrensSeconds
        // in a directory of its own, where it may write what it likes
        let ended = try Child(["env", "-C", scratch.path] + line.under + [BuiltProgram.path] + line.words).end()
        let wrong = line.complaints(ended, seconds: Self.childrensSeconds - before)
        if !wrong.isEmpty { Issue.record("\(seed): \(line.words): \(wrong)\n\(ended.out)\(ended.err)") }
        statuses[ended.status, default: 0] += 1
      }
      print("random command lines: \(statuses.sorted { $0.key < $1.key }.map { "\($0.value) with \($0.key)" })")
      // lines that are all wrong would show nothing
      if Self.count >= 400 { #expect(statuses[0, default: 0] > 20 && statuses[64, default: 0] > 20) }
    }

    private static func options(of command: String) -> [String] {
      let help = (try? ktaskctl(command, "--help").out) ?? ""
      return Set(help.matches(of: /--[a-z][a-z-]+/).map { String($0.output) }).sorted()
    }

    /// Of CPU time, of all children that have ended.
    private static var childrensSeconds: Double {
      var usage = rusage()
      unsafe getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
      let (user, system) = (usage.ru_utime, usage.ru_stime)
      return Double(user.tv_sec + system.tv_sec) + Double(user.tv_usec + system.tv_usec) / 1e6
    }
  }
}

/// A command line, most of it made of what there is.
private struct RandomLine {
  var words: [String]
  /// What adds a word that is not UTF-8.
  var under: [String] = []

  private static let commands = [
    "clear", "prefault", "verify", "release", "pin", "exec", "stock", "topology", "compare", "run", "help", "claer", "",
  ]
  private static let options = [
    "--size", "--page-size", "--threads", "--runs", "--warmup", "--nodes", "--policy", "--method", "--min-chunk",
    "--nice",
    "--max-helpers", "--timeout", "--offset", "--progress", "--export-csv", "--export-json", "--plot", "--region",
    "--with",
    "--mode", "--owner", "--keep-free", "--least", "--pidfile", "-s", "-t", "-r", "-w", "-n", "--siez", "--=", "-é",
  ]
  private static let flags = [
    "--json", "--verbose", "--quiet", "--zero", "--hold", "--grow-pool", "--unlink", "--no-lend", "--even-if-open",
    "--best-effort", "--shrink-pool", "--no-children", "-J", "-V", "-h", "--help", "--version", "-Jq", "--",
  ]
  private static let values = [
    "1", "0", "-1", "2M", "4K", "64K", "1G", "8E", "9223372036854775807", "99999999999999999999", "1e9", "0x10", "1.5",
    "", " ",
    "auto", "all", "thp", "bind", "interleave:0", "0-3", "1,2,,3", "1-1000000", "node:0", "+0", "!0", "populate",
    "touch",
    "fallocate", "10s", "1ns", "0600", "root:root", "nobody", "always", "json", "memlock", "vfio:", "0:64K",
    "/dev/zero", "/proc",
    "\u{1B}]0;title\u{7}", "\u{202E}thgir", "\u{0}", "e\u{301}", "💾", String(repeating: "9", count: 5000),
  ]

  /// For most options something that means something.
  private static let likely = [
    "--size": ["64K", "2M", "1G"], "--page-size": ["4K", "2M", "thp"], "--threads": ["1", "2", "auto", "1,2"],
    "--runs": ["1", "2"],
    "--warmup": ["0", "1"], "--nodes": ["0", "all"], "--policy": ["bind", "preferred"],
    "--method": ["populate", "fallocate"],
    "--min-chunk": ["2M"], "--nice": ["0", "19"], "--max-helpers": ["1", "8"], "--timeout": ["10s"],
    "--offset": ["0", "4K"],
    "--progress": ["never", "json"], "--with": ["mlock", "io_uring"], "--mode": ["0600"], "--keep-free": ["1"],
    "--least": ["1M"],
  ]

  /// `known`: the options that a command's help has.
  init(_ seed: Int, _ names: [String], _ known: (String) -> [String]) {
    var random = SplitMix64(seed: seed)
    let command = random.one(of: Self.commands)
    let own = known(command)
    // nothing is done by it: that is an option of every command that does anything
    words = [command, "--dry-run"]
    if random.number(0...3) > 0 { words += ["--size", "2M"] }
    for _ in 0..<random.number(0...4) {
      switch random.number(0...9) {
      case 0...4 where !own.isEmpty:
        let option = random.one(of: own)
        words.append(option)
        if let values = Self.likely[option] { words.append(random.one(of: values + [random.one(of: Self.values)])) }
      case 5: words += [random.one(of: Self.options), random.one(of: Self.values)]
      case 6, 7: words.append(random.one(of: names))
      case 8: words.append(random.one(of: Self.flags))
      default: words.append(random.one(of: Self.options) + "=" + random.one(of: Self.values))
      }
    }
    words = words.map { $0.replacing("\u{0}", with: "") }
    if random.number(0...19) == 0 { under = ["bash", "-c", #"exec "$@" $'\xff\x1b[2J'"#, "bash"] }
  }

  /// The manual's, without those of work that was ended.
  private static let statuses: Set<Int32> = [0, 1, 2, 3, 4, 5, 6, 7, 8, 64]

  func complaints(_ ended: Ended, seconds: Double) -> [String] {
    var wrong: [String] = []
    // a COMMAND that there is not
    let isRun = ["exec", "run"].contains(words[0]) && [126, 127].contains(ended.status)
    if !isRun && !Self.statuses.contains(ended.status) { wrong.append("status \(ended.status)") }
    if seconds > 2 { wrong.append("\(seconds) s of CPU time") }
    if ended.status != 0 && ended.message.isEmpty { wrong.append("not a word") }
    for (name, text) in [("output", ended.out), ("errors", ended.err)]
    where text.unicodeScalars.contains(where: Self.isForeign) {
      wrong.append("control characters in \(name)")
    }
    if wantsJSON && (try? JSONSerialization.jsonObject(with: Data(ended.out.utf8))) == nil { wrong.append("no JSON") }
    return wrong
  }

  /// C0, DEL, C1, what turns the direction of writing, and what takes the place of bytes that are not UTF-8.
  private static func isForeign(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A: false
    case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069, 0xFFFD: true
    default: false
    }
  }

  /// Asked for in a line that is not one for help, and of a command that has it.
  private var wantsJSON: Bool {
    let own = words.prefix { $0 != "--" }
    let other: Set = ["-h", "--help", "-V", "--version", "help", "run", "compare", "claer", ""]
    return own.contains { ["--json", "-J", "-Jq"].contains($0) } && other.isDisjoint(with: own)
  }
}
