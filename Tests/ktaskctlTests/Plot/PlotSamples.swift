@testable import ktaskctl

extension [Document.Result] {
  /// Times as on a machine of which an eighth of the work is serial, each run a little different.
  static func sweep(_ counts: [Int], scale: Double = 8) -> [Document.Result] {
    func time(_ threads: Int) -> Double { scale * (0.125 + 0.875 / Double(threads)) }
    return counts.compactMap { count in
      let times = [0.95, 1, 1.1].map { $0 * time(count) }
      return .sample(threads: count, times: times, oneThread: counts.contains(1) ? time(1) : nil)
    }
  }
}

extension Plot {
  /// Pictures that are hard to label, each with the name that a failing test is told by.
  static let hard: [(name: String, plot: Plot)] = [
    one("two counts", .sweep([1, 2])), one("seven counts", .sweep([1, 2, 4, 8, 16, 32, 64])),
    one("sixteen counts", .sweep(Array(1...16))), one("twenty-four counts", .sweep(Array(1...24))),
    one("milliseconds", .sweep(Array(1...24), scale: 0.123)), one("one count", .sweep([4])),
    one("hours", .sweep([1, 2, 3, 4], scale: 12_345)), one("no single thread", .sweep([2, 4, 8])),
    one("no gain", [1, 2, 4, 8].compactMap { .sample(threads: $0, times: [1, 1.001, 0.999], oneThread: 1) }),
    one("wide spread", [1, 2, 4].compactMap { .sample(threads: $0, times: [0.1, 1, 9], oneThread: 1) }),
    (
      "two sweeps",
      Plot(
        title: "ktaskctl compare", caption: ["4 GiB, thp pages"],
        [
          .init(
            .sweep(Array(1...16)),
            name: "A: a/very/long/name/of/a/report/that/somebody/has/kept/for/years-2026-11-26.json"),
          .init(.sweep(Array(1...16), scale: 7.9), name: "B: new.json"),
        ])
    ),
  ]

  private static func one(_ name: String, _ results: [Document.Result]) -> (String, Plot) {
    var document = Document.sample
    document.results = results
    document.host?.name = "a-machine-with-a-long-name.of.some.domain.example"
    document.host?.processor = "Some Vendor(R) Processor(R) Platinum 9999X CPU @ 2.10GHz"
    document.date = "2026-11-27T02:08:00Z"
    return (name, Plot(document))
  }
}
