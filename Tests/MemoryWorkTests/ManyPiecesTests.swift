import KTask
import LinuxSystem
import Testing

@testable import MemoryWork

@Suite("Very many pieces of memory")
struct ManyPiecesTests {
  /// CPU seconds of making so many bytes in so many pieces, each a node task; the best of three tries.
  private func cost(_ bytes: Int, pieces: Int) throws -> Double {
    let tries = try (0..<3).map { _ in
      let memory = try (0..<pieces).map { _ in try AnonymousMemory(bytes: bytes / pieces, page: .base) }
      let job = try ClearAnonymousJob(memory, method: nil)
      let prepared = try job.prepare()
      let run = try prepared.run(job.control(minimumChunk: usualMinimumChunk, threads: .exactly(2)), nil)
      #expect(run.end == .finished && run.threads.reduce(0) { $0 + $1.bytes } == bytes)
      _ = prepared.giveBack()
      let usage = try #require(run.usage)
      return usage.userSeconds + usage.systemSeconds
    }
    return tries.min() ?? 0
  }

  /// Measured, built for tests: 1.2 to 1.3 times as long.
  @Test("takes hardly longer than one of their size")
  func tenThousand() throws {
    let bytes = 10_000 * 64 << 10
    let (one, many) = (try cost(bytes, pieces: 1), try cost(bytes, pieces: 10_000))
    #expect(many < 2 * one, "one: \(one) s, 10 000: \(many) s")
  }
}
