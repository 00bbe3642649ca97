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

    @Test("no picture takes a report's place, by whatever name, nor standard output's when that has the document")
    func ownReports() throws {
      let (old, new) = (try report("a.json"), try report("b.json"))
      let link = scratch.file("link.json")
      try tool("ln", "-s", new, link)
      for picture in [scratch.path + "/./a.json", link] {
        let ended = try ktaskctl("compare", old, new, "--plot", picture)
        #expect(ended.status == 64 && ended.message.contains("would overwrite"), "\(ended.err)")
      }
      #expect([old, new].allSatisfy { Host.text($0).hasPrefix("{") })
      #expect(try ktaskctl("compare", old, new, "--json", "--plot", "/dev/stdout").status == 64)
      let picture = scratch.file("not.svg")
      #expect(try ktaskctl("compare", old, new, "--plot", picture, "--dry-run").status == 0)
      #expect(FileFacts(picture) == nil)
    }

    @Test("times that nobody has waited for, or no clock shows, are no report's, and many are compared in a moment")
    func extremes() throws {
      let (one, many) = (scratch.file("one.json"), scratch.file("many.json"))
      for time in ["1e308", "1e13", "-1", "1e-320", "5e-324"] {
        #expect(Host.write("{\"results\":[{\"threads\":1,\"times\":[\(time)]}]}", to: one))
        #expect(try ktaskctl("compare", one, one).status == 1)
      }
      let times = (1...100_000).map { "\($0)" }.joined(separator: ",")
      #expect(Host.write("{\"results\":[{\"threads\":1,\"times\":[\(times)]}]}", to: many))
      #expect(try ktaskctl("compare", many, many).status == 0)
    }
  }
}
