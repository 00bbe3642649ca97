import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("--progress json", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ProgressJSONTests {
    struct Line: Decodable {
      var event: String
      var command: String
      var phase: String?
      var files: [String]?
      var threadCounts: [Int]?
      var threads: Int?
      var run: Int?
      var runs: Int?
      var bytesDone: Int?
      var bytesTotal: Int?
      var seconds: Double?
      var held: Bool?
      var bytes: Int?
      var complete: Bool?
      var code: String?
      var exitStatus: Int?
      var message: String?
      var path: String?
    }

    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("the start has all files' bytes, and not those of the one that was looked at last")
    func total() throws {
      let files = try ["a", "b"].map { try scratch.tmpfs(mebibytes: 16) + "/\($0)" }
      #expect(try start(["prefault", "--size", "4M"] + files).end().status == 0)
      for command in ["release", "verify"] {
        let first = try lines(start([command, "--progress", "json"] + files).end()).first
        #expect(first?.event == "start" && first?.bytesTotal == 8 << 20, "\(command): \(String(describing: first))")
        #expect(try start(["prefault"] + files).end().status == 0)
      }
    }

    /// The events among the lines on standard error.
    private func lines(_ ended: Ended) throws -> [Line] {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try ended.err.split(separator: "\n").filter { $0.hasPrefix("{") }.map {
        try decoder.decode(Line.self, from: Data($0.utf8))
      }
    }

    @Test("is a line for the start, lines on the way, and one for the end")
    func wholeRun() throws {
      let ended = try start(
        ["clear", "--size", "1G", "--page-size", "4K", "--threads", "1", "--runs", "2", "--warmup", "1"]
          + ["--progress", "json"]
      ).end()
      #expect(ended.status == 0, "\(ended.err)")
      let lines = try lines(ended)
      #expect(lines.first?.event == "start" && lines.last?.event == "finished")
      #expect(lines.first?.bytesTotal == 1 << 30 && lines.first?.runs == 3)
      #expect(lines.first?.threadCounts == [1] && lines.first?.files == [])
      #expect(lines.last?.held == false && lines.last!.seconds! > 0)
      // a busy machine has its warnings
      let moves = lines.dropFirst().dropLast().filter { $0.event != "warning" }
      #expect(!moves.isEmpty)
      #expect(moves.allSatisfy { $0.event == "progress" && $0.command == "clear" && $0.threads == 1 })
      #expect(moves.allSatisfy { (1...3).contains($0.run!) && (0...1 << 30).contains($0.bytesDone!) })
      #expect(moves.allSatisfy { ["prepare", "run", "verify"].contains($0.phase) })
    }

    @Test("tells warnings as events, and not in lines besides")
    func warnings() throws {
      let ended = try start(
        ["clear", "--size", "4M", "--threads", "65536", "--runs", "1", "--warmup", "0", "--progress", "json"]
      ).end()
      #expect(ended.status == 0, "\(ended.err)")
      let warnings = try lines(ended).filter { $0.event == "warning" }
      #expect(warnings.contains { $0.message?.hasPrefix("65536 threads asked for, ") == true }, "\(ended.err)")
      #expect(!ended.err.contains("ktaskctl: warning"))
    }

    @Test("tells a failure and what was undone", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func failure() throws {
      let file = try scratch.tmpfs(mebibytes: 300) + "/vm"
      let ended = try start(
        ["prefault", file, "--size", "256M", "--threads", "1", "--progress", "json"],
        under: Traced.failing("madvise", "EFAULT", when: "3+")
      ).end()
      #expect(ended.status == 3)
      let lines = try lines(ended).filter { !["progress", "warning"].contains($0.event) }
      #expect(lines.map(\.event) == ["start", "failed", "undone"])
      #expect(lines[1].exitStatus == 3 && lines[1].code == "no-memory" && lines[1].path == file)
      #expect(lines[2].complete == true)
    }

    @Test("tells when a hold begins, and when it has been given back")
    func held() throws {
      let child = try start(["pin", "--size", "32M", "--hold", "--progress", "json"])
      try child.waitForWords("\"event\":\"finished\"")
      child.send(SIGTERM)
      let lines = try lines(child.end()).filter { !["progress", "warning"].contains($0.event) }
      #expect(lines.map(\.event) == ["start", "finished", "released"])
      #expect(lines[1].held == true)
      #expect(lines[2].bytes == 32 << 20 && lines[2].complete == true)
    }

    @Test("SIGUSR1 asks how far it is, once", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func question() throws {
      let file = try scratch.tmpfs(mebibytes: 300) + "/vm"
      let number = scratch.file("pid")
      let child = try start(
        ["prefault", file, "--size", "256M", "--threads", "1", "--pidfile", number], under: Traced.slow("madvise"))
      while FileFacts(file) == nil, !child.hasEnded { usleep(1000) }
      kill(pid_t(Host.text(number))!, SIGUSR1)
      try child.waitForWords("ktaskctl: prefault \(file): run 1 of 1, 1 thread: 0 % of 256 MiB, ")
      kill(pid_t(Host.text(number))!, SIGTERM)
      let ended = child.end()
      #expect(ended.status == 143, "\(ended.err)")
      // strace has a word to say, too
      let ours = ended.err.split(separator: "\n").filter { $0.hasPrefix("ktaskctl: ") }
      #expect(ours.count == 2, "the answer and the end: \(ended.err)")
    }

    @Test(
      "what fails before there is any work is told, too",
      arguments: [
        (["clear", "--size", "900T"], 3), (["verify", "/nowhere/vm"], 1),
        (["prefault", "/nowhere/vm", "--size", "4M"], 1),
      ])
    func early(words: [String], status: Int) throws {
      let ended = try start(words + ["--progress", "json"]).end()
      let lines = try lines(ended)
      #expect(lines.map(\.event) == ["failed"] && lines.first?.exitStatus == status, "\(ended.err)")
      #expect(Int(ended.status) == status)
    }
  }
}
