import Testing

@testable import ktaskctl

@Suite("The comparison of two reports")
struct ComparisonTests {
  private func report(_ path: String, _ times: [Int: [Double]]) -> ComparedReport {
    ComparedReport(path: path, command: "clear", request: nil, host: nil, times: times)
  }

  @Test(
    "how sure the range of n runs is to have the median in it",
    arguments: [(1, 0, 0.0), (2, 0, 0.5), (3, 0, 0.75), (5, 0, 0.9375), (7, 0, 0.984375), (10, 1, 0.978515625)])
  func confidence(runs: Int, outside: Int, confidence: Double) {
    #expect(abs(MedianInterval.confidence(leavingOut: outside, of: runs) - confidence) < 1e-9)
  }

  @Test("with many runs the slowest and the fastest are left out, and ten thousand are no trouble")
  func many() throws {
    #expect(MedianInterval([3, 1, 2]).map { [$0.least, $0.most] } == [1, 3])
    let eleven = try #require(MedianInterval((1...11).map(Double.init)))
    #expect(eleven.least == 2 && eleven.most == 10 && eleven.confidence > 0.98)
    let all = try #require(MedianInterval((1...10_000).map(Double.init)))
    #expect(all.least > 4850 && all.most < 5150 && all.confidence * all.confidence >= 0.95)
    #expect(MedianInterval([]) == nil && MedianInterval.runsForWanted == 7)
  }

  @Test(
    "a verdict only where the interval leaves no doubt",
    arguments: [
      ([2.0, 2.1, 1.9], [1.0, 1.1, 0.9], Comparison.Row.Verdict.faster), ([1, 1.1, 0.9], [2, 2.1, 1.9], .slower),
      ([1, 1.1, 0.9], [1, 1.2, 0.8], .open), ([2], [1, 1, 1], .open), ([0, 0, 0], [1, 1, 1], .open),
    ])
  func verdict(first: [Double], second: [Double], verdict: Comparison.Row.Verdict) throws {
    #expect(try #require(Comparison.Row(1, first, second)).verdict == verdict)
  }

  @Test("runs that took no time are told as those, not as too few")
  func noTime() throws {
    let times = [1: [0.0, 0, 0], 2: [1, 1, 1]]
    let comparison = try Comparison(report("a.json", times), report("b.json", times))
    #expect(
      comparison.warnings == [
        "runs that took no time tell nothing: --threads 1",
        "3 runs make the interval sure to 56 % only: 95 % takes --runs 7 for both",
      ])
    let none = try Comparison(report("a.json", [1: [0, 0, 0]]), report("b.json", [1: [0, 0, 0]]))
    #expect(none.warnings == ["runs that took no time tell nothing: --threads 1"])
  }

  @Test("two results for one number of threads are none, as hyperfine has them that varies something else, too")
  func twice() {
    let results = ["1", "2"].map { #"{"times":[\#($0)],"parameters":{"threads":"2","size":"\#($0)"}}"# }
    let error = #expect(throws: Told.self) {
      try ComparedReport.parse("{\"results\":[\(results.joined(separator: ","))]}", "a.json")
    }
    #expect(error?.why == "has several results for 2 threads: which is meant is not known")
  }

  @Test("no remedy names a file of the user's as what would be overwritten")
  func remedies() {
    for text in ["", "{\"results\":[]}"] {
      let error = #expect(throws: Told.self) { try ComparedReport.parse(text, "mine.json") }
      #expect(error?.remedy?.contains("mine.json") == false)
    }
  }

  @Test("a line for each number of threads that both have, and what is not alike is told")
  func text() throws {
    var old = report("a.json", [1: [2, 2.1, 1.9], 2: [1.5]])
    var new = report("b.json", [1: [1, 1.1, 0.9], 4: [0.5]])
    old.request = .init(bytes: 4 << 30, pageSize: "2M")
    new.request = .init(bytes: 8 << 30, pageSize: "2M", nodes: "0")
    old.host = .init(name: "one")
    new.host = .init(name: "two")
    new.command = "pin"
    let comparison = try Comparison(old, new)
    #expect(
      comparison.text() == """
        A: a.json, clear, 4 GiB, 2M pages, one
        B: b.json, pin, 8 GiB, 2M pages, two
        ratio: A’s median by B’s; above 1 B is faster
        threads  A median  B median  ratio      interval  sure to    B is
              1   2.000 s   1.000 s  2.00x  1.73 to 2.33     56 %  faster

        """)
    #expect(
      comparison.warnings == [
        "not the same commands: clear and pin", "not the same amounts: 4 GiB and 8 GiB",
        "not the same nodes: any and 0", "not the same hosts: one and two", "only one of them has 2,4 threads",
        "3 runs make the interval sure to 56 % only: 95 % takes --runs 7 for both",
      ])
    #expect(throws: Told.self) { try Comparison(report("a", [1: [1]]), report("b", [2: [1]])) }
  }

  @Test("the document is as the schema says, and the picture has both")
  func document() throws {
    let times = [1: [2.0, 2.1], 2: [1.0, 1.1]]
    let comparison = try Comparison(report("a.json", times), report("b.json", times))
    #expect(try #require(Schema.ofDocuments).faults(in: JSON.text(comparison.document)) == [])
    let picture = comparison.plot.svg()
    #expect(picture.contains(">A: a.json</text>") && picture.contains(">B: b.json</text>"))
  }

  @Test("our own reports are read, and hyperfine's where a parameter says the threads")
  func reads() throws {
    let ours = try ComparedReport.parse(Document.sample.json(), "a.json")
    #expect(ours.times == [1: [2, 2.1, 1.9], 2: [1, 1.02, 0.99]] && ours.request?.bytes == 4 << 30)
    let theirs = try ComparedReport.parse(
      #"{"results":[{"command":"x","times":[1.5],"parameters":{"threads":"4"}}]}"#, "b.json")
    #expect(theirs.times == [4: [1.5]] && theirs.command == nil)
  }

  @Test(
    "what is no report is told",
    arguments: [
      "", "{}", "[]", "{\"results\":[]}", #"{"results":[{"times":[1]}]}"#, #"{"results":[{"times":[],"threads":1}]}"#,
      #"{"results":[{"times":[-1],"threads":1}]}"#, #"{"results":[{"times":[1],"threads":0}]}"#,
    ])
  func wrong(text: String) {
    #expect(throws: Told.self) { try ComparedReport.parse(text, "a.json") }
  }
}
