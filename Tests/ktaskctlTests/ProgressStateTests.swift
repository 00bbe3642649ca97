import Testing

@testable import ktaskctl

@Suite("How far the work is, in words and lines")
struct ProgressStateTests {
  private func state(_ phase: Phase = .working, done: Int = 1 << 30, seconds: Double = 0.5) -> ProgressState {
    ProgressState(
      command: "clear", subject: "anonymous memory", phase: phase, run: 2, runs: 8, threads: 2, done: done,
      total: 4 << 30, seconds: seconds, restOfRun: 0.5, laterRuns: 10)
  }

  @Test("a sentence has the run, the share, the rate and the times")
  func sentence() {
    #expect(
      state().sentence
        == "clear anonymous memory: run 2 of 8, 2 threads: 25 % of 4 GiB, 2.0 GiB/s, 500.0 ms so far, 1.500 s left, "
        + "12.000 s for all runs")
    #expect(state(.verifying).sentence.hasPrefix("clear anonymous memory: verifying run 2 of 8, "))
    #expect(state(.holding, seconds: 90).sentence == "clear anonymous memory: holding 4 GiB for 90.000 s")
    #expect(
      state(.undoing).sentence
        == "clear anonymous memory: undoing: 25 % of 4 GiB, 2.0 GiB/s, 500.0 ms so far, 1.500 s left")
  }

  @Test("before the first byte there is no rate and no time left")
  func nothingYet() {
    let state = state(done: 0)
    #expect(state.rate == nil && state.secondsLeft == nil)
    #expect(state.amount == "0 % of 4 GiB")
    #expect(self.state(seconds: 0).rate == nil)
  }

  @Test("100 % is only said when all is done", arguments: [(4 << 30, 100), ((4 << 30) - 1, 99), (0, 0)])
  func wholePercents(done: Int, percent: Int) {
    #expect(state(done: done).percent == percent)
  }

  @Test("while nothing is known of the runs to come they are taken to be like this one")
  func likeThisOne() {
    var first = state()
    (first.run, first.restOfRun, first.laterRuns) = (1, nil, nil)
    #expect(first.secondsLeftInAll == 1.5 + 7 * 2)
    first.runs = 1
    #expect(first.secondsLeftInAll == 1.5)
    #expect(state(.verifying, done: 4 << 30).secondsLeftInAll == 0.5 + 10)
  }

  @Test("the share of all runs only grows, and is not whole before the last one is verified")
  func share() {
    var shares: [Double] = []
    for run in 1...8 {
      for phase in [Phase.working, .verifying] {
        for done in 0...4 {
          var state = state(phase, done: done << 30)
          state.run = run
          shares.append(state.share)
        }
      }
    }
    #expect(shares == shares.sorted() && shares.first == 0)
    #expect(shares.allSatisfy { $0 < 1 })
  }

  @Test("a run takes as long as the last one with as many threads, or as the last of any")
  func runTimes() {
    var times = RunTimes()
    #expect(times.seconds(after: 1, of: 12, threads: [1, 2, 4]) == nil)
    #expect(times.seconds(after: 12, of: 12, threads: [1, 2, 4]) == 0)
    times.note(threads: 1, work: 4, rest: 1)
    #expect(times.seconds(after: 1, of: 6, threads: [1, 2, 4]) == 25.0)
    times.note(threads: 2, work: 2, rest: 1)
    times.note(threads: 4, work: 1, rest: 1)
    #expect(times.seconds(after: 3, of: 6, threads: [1, 2, 4]) == 10.0)
    #expect(times.seconds(after: 4, of: 6, threads: [1, 2, 4]) == 5.0)
    times.note(threads: 2, work: 3)
    #expect(times.seconds(after: 5, of: 8, threads: [1, 2, 4]) == 10.0)
  }

  @Test("a line is one JSON object with the keys of its event only")
  func lines() {
    #expect(
      ProgressLines.line(.moved(state()), "clear")
        == #"{"bytes_done":1073741824,"bytes_per_second":2147483648,"bytes_total":4294967296,"command":"clear","#
        + #""event":"progress","phase":"run","run":2,"runs":8,"seconds":0.5,"seconds_left":1.5,"#
        + #""seconds_left_in_all":12,"threads":2}"#)
    #expect(
      ProgressLines.line(.warned("a doubt"), "pin") == #"{"command":"pin","event":"warning","message":"a doubt"}"#)
    #expect(
      ProgressLines.line(.undone(.init(bytes: 4096, complete: true)), "pin")
        == #"{"bytes":4096,"command":"pin","complete":true,"event":"undone"}"#)
    #expect(
      ProgressLines.line(.failed(.init(code: "busy", exitStatus: 7, message: "a\nb", path: "/x")), "pin")
        == #"{"code":"busy","command":"pin","event":"failed","exit_status":7,"message":"a\nb","path":"/x"}"#)
    #expect(
      ProgressLines.line(.finished(seconds: 1.5, held: true), "pin")
        == #"{"command":"pin","event":"finished","held":true,"seconds":1.5}"#)
  }

  @Test("something happens at once, and then no more often than its pace allows")
  func pace() {
    let limit = RateLimit(nanoseconds: 100)
    #expect(
      [1000, 1099, 1100, 1150, 1300, 1399, 1400].map { limit.isDue(at: $0) } == [
        true, false, true, false, true, false, true,
      ])
  }
}
