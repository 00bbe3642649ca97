import Foundation
import TestSupport
import Testing

extension ProgramTests {
  @Suite("The keys of the JSON document")
  struct DocumentKeyTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// Whose keys are data: nodes, and what a sweep varies.
    private static let tables: Set = ["pages_by_node", "parameters"]

    @Test("each that a command writes is in the manual's list")
    func listed() throws {
      let file = scratch.file("f")
      var found: Set<String> = []
      for words in [
        ["clear", "--size", "8M", "--nodes", "0", "--timeout", "60"], ["clear", "--size", "4096T"],
        ["clear", "--region", "size=4M", "--runs", "1", "--warmup", "0"],
        ["prefault", file, "--size", "4M"], ["verify", file, "--zero"], ["verify", file, "--size", "8M"],
        ["pin", "--size", "4M", "--runs", "1", "--warmup", "0"],
        ["prefault", file, "--size", "4M", "--hold-until-eof"], ["release", file, "--unlink"],
      ] {
        let ended = try start(words + ["--json"]).end()
        let document = try JSONSerialization.jsonObject(with: Data(ended.out.utf8))
        found.formUnion(Self.keys(of: document))
      }
      #expect(found.isSuperset(of: ["plan", "helpers", "machine_wide", "errors", "remedy", "held", "verified"]))
      #expect(found.subtracting(try Self.inManual()) == [])
    }

    private static func keys(of value: Any) -> Set<String> {
      switch value {
      case let list as [Any]: list.reduce(into: []) { $0.formUnion(keys(of: $1)) }
      case let object as [String: Any]:
        object.reduce(into: []) { found, pair in
          found.insert(pair.key)
          if !tables.contains(pair.key) { found.formUnion(keys(of: pair.value)) }
        }
      default: []
      }
    }

    /// The words of that section.
    private static func inManual() throws -> Set<String> {
      let page = Checkout.folder.appending(path: "man/ktaskctl.8")
      let text = try String(contentsOf: page, encoding: .utf8)
      let start = try #require(text.range(of: ".Ss The JSON document"))
      let end = try #require(text.range(of: ".Ss Progress for programs"))
      let section = text[start.upperBound..<end.lowerBound]
      return Set(section.split { !$0.isLetter && $0 != "_" }.map(String.init))
    }
  }
}
