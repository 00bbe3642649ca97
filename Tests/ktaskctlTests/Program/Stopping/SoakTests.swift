import Foundation
@unsafe @preconcurrency import Glibc
import TestSupport
import Testing

extension ProgramTests {
  /// Ends that come at any moment, beside a neighbour that takes and gives back the same pages. SOAK says how often, SOAK_SEED
  /// where it begins: the number of a round that fails makes that one again.
  @Suite("Ends at any moment", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct SoakTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let count = environment["SOAK"].flatMap { Int($0) } ?? 24
    private static let first = environment["SOAK_SEED"].flatMap { Int($0) } ?? 1

    /// The file's, and half of what the neighbour may take.
    private static let pages = 38

    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "lose nothing: the next run has all of it, what was in the file stays, no page and no permit is missing",
      arguments: ["tmpfs", "hugetlbfs"])
    func losesNothing(kind: String) throws {
      let folder = try kind == "tmpfs" ? scratch.tmpfs(mebibytes: 76) : scratch.hugetlbfs(.mebibytes2)
      if kind == "hugetlbfs" { try scratch.reserve(Self.pages, of: .mebibytes2) }
      let permits = try permitsLeft()
      let neighbour = try Child([
        "bash", "-c",
        "while [ -d /proc/$PPID ]; do fallocate -l $((RANDOM % 12 * 2 + 2))M \(folder)/other; sleep 0.00$((RANDOM % 9)); rm -f \(folder)/other; done",
      ])
      var ends: [String: Int] = [:]
      for seed in Self.first..<Self.first + Self.count {
        var round = try Round(seed, folder + "/vm")
        let end = try round.disturbed()
        ends[end, default: 0] += 1
        let wrong = try round.complaints()
        if !wrong.isEmpty { Issue.record("\(kind), round \(seed): \(round.command) ended with \(end): \(wrong)") }
      }
      neighbour.kill()
      try tool("rm", "-f", folder + "/other")
      print(
        "\(Self.count) ends at any moment on \(kind): \(ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" })"
      )
      #expect(try permitsLeft() == permits)
      if kind == "hugetlbfs" { #expect(HugePage.mebibytes2.available == Self.pages) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }

    /// Of the machine's, what a run would find.
    private func permitsLeft() throws -> Int? {
      try ktaskctl("clear", "--size", "64M", "--threads", "2", "--dry-run", "--json").document().plan?.helpers.left
    }
  }
}

/// One command, and what ends it.
private struct Round {
  private static let bytes = 64 << 20
  private static let written = 20 << 20..<22 << 20

  let file: String
  let command: [String]
  private var random: SplitMix64

  init(_ seed: Int, _ file: String) throws {
    self.file = file
    random = SplitMix64(seed: seed)
    let threads = ["--threads", "\(random.number(1...2))", "--min-chunk", "2M"]
    let timeout = random.number(0...4) == 0 ? ["--timeout", "\(random.number(1...60))ms"] : []
    command =
      random.one(of: [
        ["prefault"], ["prefault", "--method", "fallocate"], ["pin", "--runs", "1", "--warmup", "0"], ["verify"],
      ])
      + [file] + threads + timeout
    try tool("truncate", "--size", "\(Self.bytes)", file)
    try Content(file, reserving: false).write(Self.written)
  }

  /// How it ended.
  mutating func disturbed() throws -> String {
    let child = try start(command)
    usleep(UInt32(random.number(0...120_000)))
    switch random.number(0...3) {
    case 0: child.send(SIGKILL)
    case 1, 2: child.send(SIGTERM)
    default:
      child.send(SIGSTOP)
      usleep(UInt32(random.number(0...20_000)))
      child.send(SIGCONT)
    }
    let ended = child.end()
    return ended.status < 0 ? "ended by signal \(-ended.status)" : "with status \(ended.status)"
  }

  /// What is wrong when it is run once more; the file is gone then.
  func complaints() throws -> [String] {
    var wrong: [String] = []
    // the neighbour may have what it needs just then
    var ended = try ktaskctl("prefault", file)
    for _ in 0..<200 where [3, 4, 5].contains(ended.status) { ended = try ktaskctl("prefault", file) }
    if ended.status != 0 { wrong.append("the next run ended with \(ended.status): \(ended.err)") }
    if FileFacts(file)?.allocated != Self.bytes { wrong.append("\(FileFacts(file)?.allocated ?? -1) bytes are there") }
    let content = try Content(file, reserving: false)
    if !content.isWritten(Self.written) { wrong.append("content is lost") }
    if !content.isZero(0..<Self.written.lowerBound) || !content.isZero(Self.written.upperBound..<Self.bytes) {
      wrong.append("what was a hole is not zero")
    }
    try tool("rm", "-f", file)
    return wrong
  }
}
