import Testing

@testable import ktaskctl

@Suite("Statistics of measured times")
struct StatisticsTests {
  @Test("no times have no statistics")
  func none() {
    #expect(Statistics([]) == nil)
  }

  @Test("a single time is its own mean and has no deviation and no spread")
  func single() throws {
    let one = try #require(Statistics([2.5]))
    #expect(one.mean == 2.5 && one.median == 2.5 && one.min == 2.5 && one.max == 2.5)
    #expect(one.stddev == nil && one.spread == nil && one.spreadText == "-")
  }

  @Test("the deviation is the sample's and the order of the times does not matter")
  func several() throws {
    let some = try #require(Statistics([4, 2, 6]))
    #expect(some.mean == 4 && some.median == 4 && some.min == 2 && some.max == 6)
    #expect(some.stddev == 2)
    #expect(some == Statistics([6, 4, 2]))
  }

  @Test("the median of an even number of times lies between the middle two")
  func evenMedian() {
    #expect(Statistics([10, 1, 2, 4])?.median == 3)
  }

  @Test("equal times have no deviation and no spread")
  func equal() {
    #expect(Statistics([3, 3, 3])?.stddev == 0)
    #expect(Statistics([3, 3, 3])?.spreadText == "±0.0 %")
  }

  @Test(
    "the spread is half the range as a share of the median",
    arguments: [([0.99, 1.0, 1.014], "±1.2 %"), ([1, 2, 3], "±50.0 %"), ([0, 0], "-")])
  func spread(times: [Double], text: String) {
    #expect(Statistics(times)?.spreadText == text)
  }

  @Test(
    "steady times raise no doubt",
    arguments: [[], [1], [1, 1], [1.05, 1, 1.01], [1, 1.01, 1.15], [0, 0, 0]])
  func noDoubt(times: [Double]) {
    #expect(Statistics.doubts(times, of: "2 threads") == [])
  }

  @Test("a markedly slower first run is named, and is not blamed twice")
  func slowFirstRun() throws {
    let doubts = Statistics.doubts([2.1, 1.0, 1.01], of: "2 threads")
    #expect(doubts.count == 1)
    let doubt = try #require(doubts.first)
    #expect(doubt.hasPrefix("2 threads: the first run took 2.100 s, the others 1.010 s at most"))
    #expect(doubt.contains("--warmup"))
  }

  @Test("--warmup is no advice where a run was unmeasured already")
  func wasWarm() {
    let doubts = Statistics.doubts([2.1, 1.0, 1.01], of: "2 threads", wasWarm: true)
    #expect(doubts == ["2 threads: the first run took 2.100 s, the others 1.010 s at most"])
  }

  @Test(
    "warming up ends when two runs agree, or at the fifth",
    arguments: [
      ([1], false, false), ([1, 1.05], true, true), ([5, 1, 1.5], false, false), ([3, 2, 1, 0.95], true, true),
      ([9, 7, 5, 3, 1], true, false), ([], false, false),
    ] as [([Double], Bool, Bool)])
  func warmUp(times: [Double], isOver: Bool, haveAgreed: Bool) {
    var warmUp = WarmUp()
    for seconds in times { warmUp.note(seconds) }
    #expect(warmUp.isOver == isOver && warmUp.haveAgreed == haveAgreed)
  }

  @Test("a wide spread is named")
  func wideSpread() {
    let doubts = Statistics.doubts([1.0, 1.5, 1.0], of: "1 thread")
    #expect(doubts == ["1 thread: the runs differ by ±25.0 %; is the machine busy with other work?"])
  }

  @Test("a slow first run and unsteady others are two doubts")
  func both() {
    #expect(Statistics.doubts([4, 1, 2], of: "x").count == 2)
  }

  @Test(
    "numbers show the decimals asked for",
    arguments: [
      (0, 2, "0.00"), (1.5, 2, "1.50"), (1.005, 0, "1"), (2.5, 0, "3"), (0.996, 2, "1.00"),
      (-0.001, 2, "0.00"),
      (-1.25, 1, "-1.3"), (1234.5678, 3, "1234.568"), (0.05, 1, "0.1"), (.infinity, 2, "inf"),
      (.nan, 2, "nan"),
      (1e30, 1, "1e+30"), (7.000000001, 9, "7.000000001"),
    ] as [(Double, Int, String)])
  func fixed(value: Double, decimals: Int, text: String) {
    #expect(value.fixed(decimals) == text)
  }

  @Test(
    "times are shown in a unit that suits them",
    arguments: [
      (0, "0 µs"), (0.000_012, "12 µs"), (0.000_999_4, "999 µs"), (0.000_999_6, "1.0 ms"),
      (0.0123, "12.3 ms"),
      (0.9999, "999.9 ms"), (0.99996, "1.000 s"), (1.234, "1.234 s"), (99.999, "99.999 s"),
      (434.91, "434.9 s"),
    ] as [(Double, String)])
  func time(seconds: Double, text: String) {
    #expect(seconds.asTime == text)
  }
}
