import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// Four times as much takes about four times as long, and not sixteen times: by CPU time, which other programs do not add to.
  @Suite("Costs", .enabled(if: Host.isRoot && Host.has("bash"), "\(Host.needsRoot), and bash"))
  struct LinearTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// CPU seconds of a run and of the kernel on its behalf.
    private func seconds(_ words: [String], status: Int32 = 0, _ location: SourceLocation = #_sourceLocation) throws
      -> Double
    {
      let script = "TIMEFORMAT='%U %S'; time \"$@\" > /dev/null 2>&1"
      let ended = try Child(["bash", "-c", script, "bash", BuiltProgram.path] + words).end()
      #expect(ended.status == status, sourceLocation: location)
      return ended.err.split { $0 == " " || $0 == "\n" }.compactMap { Double($0) }.reduce(0, +)
    }

    /// `words` of so many things.
    private func expectLinear(
      _ few: Int, status: Int32 = 0, _ location: SourceLocation = #_sourceLocation, _ words: (Int) throws -> [String]
    ) throws {
      let idle = try seconds(["--version"])
      let times = try [few, 4 * few].map { max(0.01, try seconds(words($0), status: status, location) - idle) }
      #expect(times[1] < 9 * times[0], "\(few): \(times[0]) s, \(4 * few): \(times[1]) s", sourceLocation: location)
    }

    @Test("of regions, files and words of COMMAND follow their number")
    func words() throws {
      try expectLinear(700) { ["clear", "--dry-run"] + (0..<$0).flatMap { _ in ["--region", "size=1M"] } }
      let none = scratch.file("none")
      try expectLinear(5000, status: 1) { ["verify"] + (0..<$0).map { "\(none)\($0)" } }
      try expectLinear(5000, status: 1) { ["verify", "--"] + (0..<$0).map { "\(none)\($0)" } }
      try expectLinear(5000) { ["exec", "--dry-run", "--size", "1M", "--", "true"] + (0..<$0).map { "word\($0)" } }
    }

    @Test("of files with holes follow the number of holes, of whatever is done to them")
    func holes() throws {
      let folder = try scratch.tmpfs(mebibytes: 300)
      for words in [["verify"], ["verify", "--zero"], ["prefault", "--nodes", "0"], ["release"]] {
        let status: Int32 = words[0] == "verify" ? 2 : 0
        try expectLinear(4000, status: status) { count in
          let file = "\(folder)/\(count)"
          try Self.writeEverySecondPage(of: file, count)
          return [words[0], file] + words.dropFirst()
        }
      }
    }

    private static func writeEverySecondPage(of path: String, _ count: Int) throws {
      let file = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
      defer { close(file) }
      for page in 0..<count where unsafe pwrite(file, "", 1, page * 8192) != 1 { throw Failure("no page in \(path)") }
      if ftruncate(file, count * 8192) != 0 { throw Failure("\(path) has no end") }
    }
  }
}
