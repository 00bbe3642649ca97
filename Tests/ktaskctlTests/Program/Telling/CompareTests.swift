import Foundation
import Testing

extension ProgramTests {
  @Suite("compare")
  struct CompareTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private func report(_ name: String, _ words: String...) throws -> String {
      let file = scratch.file(name)
      let ended = try start(["clear", "--size", "8M", "--threads", "1", "--export-json", file] + words).end()
      #expect(ended.status == 0, "\(ended.err)")
      return file
    }

    @Test("two reports, as text, as a document and as a picture")
    func both() throws {
      let (old, new) = (try report("a.json"), try report("b.json", "--runs", "7"))
      let picture = scratch.file("both.svg")
      let ended = try ktaskctl("compare", old, new, "--plot", picture)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.hasPrefix("A: \(old), clear, 8 MiB, ") && ended.out.contains("\n      1 "))
      #expect(ended.err.contains("warning: 3 runs make the interval sure to 74 % only: 95 % takes --runs 7 for both"))
      #expect(Host.text(picture).contains(">B: \(new)</text>"))
      let json = try ktaskctl("compare", old, new, "--json")
      #expect(json.err == "")
      #expect(try #require(Schema.ofDocuments).faults(in: json.out) == [])
    }

    @Test("what cannot be read, or is no report, is told, in the document too")
    func wrong() throws {
      let old = try report("a.json")
      let missing = try ktaskctl("compare", old, scratch.file("none.json"), "--json")
      #expect(missing.status == 1)
      #expect(missing.message.hasSuffix("none.json: cannot be read: No such file or directory (ENOENT)"))
      #expect(try missing.document().errors.map(\.errno) == ["ENOENT"])
      #expect(Host.write("no report", to: scratch.file("text")))
      let text = try ktaskctl("compare", scratch.file("text"), old)
      #expect(text.status == 1 && text.message.hasSuffix("text: is no report"))
      #expect(try ktaskctl("compare", old, old, "--plot", old).status == 64)
      #expect(try ktaskctl("compare", old).status == 64)
    }
  }
}
