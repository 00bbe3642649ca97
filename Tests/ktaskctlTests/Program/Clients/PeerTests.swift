import Foundation
import Testing

extension ProgramTests {
  /// Programs of the same trade, on what ktaskctl made; each is skipped where it is not installed. Their own suites are
  /// in their sources only; what of these concerns files is called here as it is there.
  @Suite("Programs of the same trade")
  struct PeerTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// The calls of numactl's own shmtest, on the one node that every machine has.
    @Test(
      "numactl finds every page of a ready file where it asks for it, and none moves or goes",
      .enabled(if: Host.isRoot, "\(Host.needsRoot)"), arguments: ["tmpfs", "hugetlbfs"])
    func numactl(kind: String) throws {
      if !Host.has("numactl") { try Test.cancel("numactl is missing") }
      let file = try scratch.folder(on: kind) + "/data"
      try #require(try ktaskctl("prefault", file, "--size", "20M", "--nodes", "0").status == 0)
      let before = try #require(FileFacts(file))
      for policy in ["--interleave=0", "--membind=0"] {
        let words = ["numactl", "--length=20m", "--file", file, "--strict", policy, "--touch", "--verify", "--dump"]
        let ended = try Child(words).end()
        #expect(ended.status == 0, "\(policy): \(ended.out)\(ended.err)")
        #expect(!(ended.out + ended.err).contains("should be"), "\(policy): \(ended.out)\(ended.err)")
      }
      let after = try #require(FileFacts(file))
      #expect(after.size == before.size && after.allocated == before.allocated)
      #expect(try ktaskctl("verify", file, "--zero").status == 0)
    }

    @Test(
      "libhugetlbfs' hugeadm counts the pool as ktaskctl left it", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func hugeadm() throws {
      if !Host.has("hugeadm") { try Test.cancel("hugeadm is missing: libhugetlbfs-bin") }
      try scratch.reserve(0, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      #expect(try ktaskctl("prefault", folder + "/vm", "--size", "32M", "--grow-pool").status == 0)
      let pools = try Child(["hugeadm", "--pool-list"]).end()
      let line = pools.out.split(separator: "\n").first { $0.contains("2097152") }
      // size, minimum, current, maximum
      #expect(line?.split(separator: " ").prefix(4).compactMap { Int($0) } == [2 << 20, 16, 16, 16], "\(pools.out)")
      let mounts = try Child(["hugeadm", "--list-all-mounts"]).end()
      #expect(mounts.out.contains(folder), "\(mounts.out)")
      #expect(try ktaskctl("release", folder + "/vm", "--unlink").status == 0)
      #expect(HugePage.mebibytes2.available == 16)
    }

    /// hyperfine's scripts, which are in its source only, ask for these by their names.
    @Test("what hyperfine exports is in ktaskctl's exports under the same names, of the same kinds")
    func hyperfine() throws {
      if !Host.has("hyperfine") { try Test.cancel("hyperfine is missing") }
      let theirs = scratch.file("theirs")
      let ours = scratch.file("ours")
      let exports = { (file: String) -> [String] in
        [("json", "json"), ("csv", "csv"), ("md", "markdown")].flatMap { ["--export-\($1)", "\(file).\($0)"] }
      }
      let timed = ["-N", "--runs", "2", "--parameter-list", "threads", "1,2", "true {threads}"]
      try #require(try Child(["hyperfine"] + exports(theirs) + timed).end().status == 0)
      let cleared = try start(["clear", "--size", "8M", "--threads", "1,2", "--runs", "2"] + exports(ours)).end()
      try #require(cleared.status == 0, "\(cleared.err)")

      let (hyperfine, ktaskctl) = (try results(theirs + ".json"), try results(ours + ".json"))
      #expect(ktaskctl.count == hyperfine.count)
      for (key, value) in try #require(hyperfine.first) {
        let own = try #require(ktaskctl.first?[key], "no \(key)")
        #expect(type(of: kind(own)) == type(of: kind(value)), "\(key)")
      }
      for (kind, separator) in [("csv", ","), ("md", " | ")] {
        let heads = [theirs, ours].map { Host.text("\($0).\(kind)").prefix { $0 != "\n" } }
        let columns = heads.map { $0.components(separatedBy: separator).map { $0.replacing(" |", with: "") } }
        #expect(columns[0].allSatisfy(columns[1].contains), "\(columns)")
      }
    }

    private func results(_ file: String) throws -> [[String: Any]] {
      let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file)))
      return try #require((json as? [String: Any])?["results"] as? [[String: Any]])
    }

    /// A value of its kind: of all texts the same, of all numbers the same.
    private func kind(_ value: Any) -> Any {
      switch value {
      case is String: ""
      case is NSNumber: 0.0
      case is [Any]: [Any]()
      default: [String: Any]()
      }
    }
  }
}
