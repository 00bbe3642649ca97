import Testing

@testable import ktaskctl

@Suite("The chart on a terminal")
struct ChartTests {
  private let results = [
    Document.Result.sample(threads: 1, times: [2, 2, 1.9], oneThread: 2),
    Document.Result.sample(threads: 16, times: [0.5, 0.4, 1], oneThread: 2),
  ].compactMap(\.self)

  @Test("is full up to the fastest run, light up to the slowest, and marks the ideal")
  func bars() {
    let lines = Chart.lines(results, utf8: false)
    #expect(
      lines == [
        "   1 ######################################.| 2.000 s",
        "  16 ##|#####............                     500.0 ms",
        "  # fastest run  . slowest run  | ideal",
      ])
  }

  @Test("is drawn with blocks where the terminal has them")
  func blocks() {
    #expect(Chart.lines(results, utf8: true)[1] == "  16 ██│█████░░░░░░░░░░░░                     500.0 ms")
  }

  @Test("a single thread count, none, or times of zero make no chart; without one thread there is no ideal")
  func nothing() {
    #expect(Chart.lines([results[0]], utf8: true) == [])
    #expect(Chart.lines([], utf8: true) == [])
    let zero = [1, 2].compactMap { Document.Result.sample(threads: $0, times: [0], oneThread: 0) }
    #expect(Chart.lines(zero, utf8: true) == [])
    let without = [2, 4].compactMap { Document.Result.sample(threads: $0, times: [1], oneThread: nil) }
    #expect(Chart.lines(without, utf8: false).last == "  # fastest run  . slowest run")
  }

  @Test("fits the terminal", arguments: [40, 57, 80, 200])
  func width(columns: Int) {
    let lines = Chart.lines(results, utf8: true, width: columns)
    #expect(lines.allSatisfy { $0.count <= min(columns, 56) })
  }
}
