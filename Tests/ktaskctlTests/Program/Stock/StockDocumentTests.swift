import Testing

extension ProgramTests {
  @Suite("The document of a stock's files", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct StockDocumentTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("the document of what went into it says where it is, and of nothing that it was looked at")
    func returnedDocument() throws {
      let stock = try StockFolder(scratch, on: "hugetlbfs")
      #expect(try stock.take("vm").status == 0)
      let document = try stock.giveBack("vm", "--json").document()
      #expect(document.verified == nil)
      #expect(document.stock?.returned == 1 && document.stock?.making == 0, "nobody is at work on it")
      #expect(document.files.map(\.path) == [stock.beside("vm")])
      #expect(document.files.map(\.returnedTo) == stock.names("returned-").map { stock.path + "/" + $0 })
    }

    @Test("says how many files --max-bytes keeps from being made, in text and in every other answer")
    func fewer() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let words = ["--max-bytes", "20M"]
      let warning = "\(stock.path): 3 of 5 not made: --max-bytes 20M"
      func fill(_ more: String...) throws -> Ended {
        try start(["stock", stock.path, "--size", StockFolder.size, "--count", "5"] + words + more).end()
      }
      #expect(try fill("--dry-run").err.contains("warning: \(warning)"))
      #expect(try fill("--dry-run", "--json").document().warnings == [warning])
      for _ in 0..<2 {
        let ended = try fill()
        #expect(ended.status == 0 && ended.err.contains("warning: \(warning)"), "\(ended.err)")
        #expect(stock.names("ready-").count == 2)
      }
      #expect(try fill("--json").document().warnings == [warning])
      #expect(try stock.fill(2, "--max-bytes", "20M", "--json").document().warnings == [])
    }

    @Test("names nothing that was made and is gone again", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func undone() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let words = ["stock", stock.path, "--size", StockFolder.size, "--count", "2", "--json"]
      let ended = try start(words, under: Traced.failing("renameat2", "EIO", when: "2")).end()
      let ready = stock.names("ready-").map { stock.path + "/" + $0 }
      #expect(ended.status == 1 && ready.count == 1 && stock.names().count == 1, "\(ended.err)")
      #expect(try ended.document().files.map(\.path) == ready)
    }

    @Test("a slash behind the stock's name is not doubled")
    func slash() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let document = try ktaskctl("stock", stock.path + "/", "--size", StockFolder.size, "--json").document()
      #expect(document.files.map(\.path) == stock.names().map { stock.path + "/" + $0 })
    }

    @Test("of two that one call wants, the second hears that none is ready, not that it is in use")
    func twoOfOneCall() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(1)
      let ended = try stock.take("a", stock.beside("b"), "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().files.map(\.notTaken) == [nil, "none-ready"])
    }
  }
}
