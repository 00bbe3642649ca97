import Foundation
import TestSupport
import Testing

extension ProgramTests {
  @Suite("Hand-overs of a stock's files", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct HandOverTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// `make bench PARTS=hand-overs` has a thousand times as many.
    @Test(
      "whoever is killed at whatever moment: each file is zero, and one taker's alone, and no page is lost",
      arguments: ["tmpfs", "hugetlbfs"])
    func killed(kind: String) throws {
      let folder: String
      if kind == "hugetlbfs" {
        try scratch.reserve(40, of: .mebibytes2)
        folder = try scratch.hugetlbfs(.mebibytes2, mebibytes: 80)
      } else {
        folder = try scratch.tmpfs(mebibytes: 80)
      }
      let seed = Int.random(in: 0..<1 << 32)
      let result = HandOvers(program: BuiltProgram.path, folder: folder, size: 2 << 20).run(100, seed: seed)
      #expect(result.faults == [], "seed \(seed)")
      #expect(result.taken > 0 && result.killed > 0, "\(result)")
    }
  }
}
