import Testing

@testable import ktaskctl

@Suite("The progress bar")
struct ProgressBarTests {
  private let bar = ProgressBar(width: 72, utf8: true)

  /// The one run of a clear.
  private func state(done: Int, elapsed: Double, total: Int = 4 << 30) -> ProgressState {
    ProgressState(
      command: "clear", subject: "anonymous memory", phase: .working, run: 1, runs: 1, threads: 2, done: done,
      total: total, seconds: elapsed, laterRuns: 0)
  }

  @Test("the line says what, how far, how much, how fast and how long still")
  func whole() {
    #expect(
      bar.line(state(done: 1_849_000_000, elapsed: 2))
        == "clear  43 % █████████░░░░░░░░░░░░  1.7/4.0 GiB   881.7 MiB/s   0:03 left")
  }

  @Test("of several runs it says which, and the share and the time left are of all")
  func several() {
    var third = state(done: 1 << 30, elapsed: 1)
    (third.run, third.runs, third.restOfRun, third.laterRuns) = (3, 12, 1, 40)
    #expect(bar.line(third) == "clear run  3 of 12  18 % █░░░░░░░  1.0/4.0 GiB     1.0 GiB/s   0:44 left")
    third.phase = .verifying
    third.restOfRun = nil
    #expect(bar.line(third) == "verifying run  3 of 12  24 % ░░░░  1.0/4.0 GiB     1.0 GiB/s   0:43 left")
    third.phase = .undoing
    #expect(bar.line(third).hasPrefix("undoing  25 % "))
    third.phase = .preparing
    #expect(bar.line(third).hasPrefix("preparing   0 % "))
  }

  @Test("a terminal without UTF-8 gets plain ASCII")
  func ascii() {
    var plain = bar
    plain.utf8 = false
    let line = plain.line(state(done: 2 << 30, elapsed: 1))
    #expect(line == "clear  50 % ##########...........  2.0/4.0 GiB     2.0 GiB/s   0:01 left")
    #expect(line.utf8.allSatisfy { $0 < 128 })
  }

  @Test("the line fits any terminal", arguments: 0...200)
  func fits(width: Int) {
    var any = bar
    any.width = width
    for done in [0, 1, 1 << 30, 4 << 30] {
      #expect(any.line(state(done: done, elapsed: 0.5)).count <= width)
    }
  }

  @Test(
    "a narrow terminal loses the rate, then the amounts, then the time left",
    arguments: [
      (56, "clear  50 % ██░░░  2.0/4.0 GiB     2.0 GiB/s   0:01 left"),
      (51, "clear  50 %  2.0/4.0 GiB     2.0 GiB/s   0:01 left"),
      (40, "clear  50 %  2.0/4.0 GiB   0:01 left"),
      (30, "clear  50 % ███░░░   0:01 left"),
      (20, "clear  50 % ████░░░░"), (12, "clear  50 %"), (5, "clear"), (0, ""), (-1, ""),
    ] as [(Int, String)])
  func narrow(width: Int, line: String) {
    var narrow = bar
    narrow.width = width
    #expect(narrow.line(state(done: 2 << 30, elapsed: 1)) == line)
  }

  @Test("every line of one run is as long as the others")
  func steady() {
    let lengths = (0...4096).map { step in bar.line(state(done: step << 20, elapsed: 0.01 * Double(step))).count }
    #expect(Set(lengths.dropFirst()) == [72])
  }

  @Test("the bar does not grow without end")
  func wide() {
    var wide = bar
    wide.width = 300
    #expect(wide.line(state(done: 0, elapsed: 0)).filter { $0 == "░" }.count == 40)
  }

  @Test("before anything is done neither the rate nor the time left is known")
  func start() {
    #expect(bar.line(state(done: 0, elapsed: 0)).hasSuffix("0.0/4.0 GiB                 -:-- left"))
    #expect(bar.line(state(done: 0, elapsed: 9)).hasSuffix("-:-- left"))
    #expect(bar.line(state(done: 1, elapsed: 1e6)).hasSuffix("-:-- left"))
  }

  @Test("100 % is shown when all is done and not before")
  func end() {
    #expect(bar.line(state(done: (4 << 30) - 1, elapsed: 1)).hasPrefix("clear  99 %"))
    let full = bar.line(state(done: 4 << 30, elapsed: 1))
    #expect(full.hasPrefix("clear 100 %") && !full.contains("░") && full.hasSuffix("0:00 left"))
  }

  @Test("numbers out of range are taken as the nearest end, and nothing to do is done")
  func outOfRange() {
    #expect(bar.line(state(done: .max, elapsed: 1)) == bar.line(state(done: 4 << 30, elapsed: 1)))
    #expect(bar.line(state(done: -1, elapsed: 1)) == bar.line(state(done: 0, elapsed: 1)))
    #expect(bar.line(state(done: 0, elapsed: 0, total: 0)).hasPrefix("clear 100 %"))
  }

  @Test(
    "the time left has hours where it needs them",
    arguments: [
      (1.0, "0:03 left"), (60.0, "3:00 left"), (1234.0, "1:01:42 left"), (100_000.0, "83:20:00 left"),
    ])
  func timeLeft(elapsed: Double, left: String) {
    #expect(bar.line(state(done: 1 << 30, elapsed: elapsed)).hasSuffix(" " + left))
  }

  @Test(
    "the locale is UTF-8 by the first variable that is set",
    arguments: [
      (nil, nil, "en_US.UTF-8", true), (nil, nil, "C.utf8", true), (nil, nil, "C", false),
      (nil, nil, nil, false),
      ("", "", "de_DE.UTF-8@euro", true), ("C", nil, "en_US.UTF-8", false), (nil, "POSIX", "C.UTF-8", false),
      ("C.UTF-8", "C", "C", true), (nil, nil, "de_DE.ISO-8859-1", false), (nil, nil, "UTF-8", true),
    ] as [(String?, String?, String?, Bool)])
  func locale(lcAll: String?, lcCtype: String?, lang: String?, utf8: Bool) {
    #expect(ProgressBar.isUTF8(lcAll: lcAll, lcCtype: lcCtype, lang: lang) == utf8)
  }
}
