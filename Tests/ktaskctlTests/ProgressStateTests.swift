import Testing

@testable import ktaskctl

@Suite("How far the work is, in words and lines")
struct ProgressStateTests {
  private func state(_ phase: Phase = .working, done: Int = 1 << 30, seconds: Double = 0.5) -> ProgressState {
    ProgressState(
      command: "clear", subject: "anonymous memory", phase: phase, run: 2, runs: 8, threads: 2, done: done,
      total: 4 << 30, seconds: seconds)
  }

  @Test("a sentence has the run, the share, the rate and the times")
  func sentence() {
    #expect(
      state().sentence
        == "clear anonymous memory: run 2 of 8, 2 threads: 25 % of 4 GiB, 2.0 GiB/s, 500.0 ms so far, 1.500 s left")
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

  @Test("a line is one JSON object with the keys of its event only")
  func lines() {
    #expect(
      ProgressLines.line(.moved(state()), "clear")
        == #"{"bytes_done":1073741824,"bytes_per_second":2147483648,"bytes_total":4294967296,"command":"clear","#
        + #""event":"progress","phase":"run","run":2,"runs":8,"seconds":0.5,"seconds_left":1.5,"threads":2}"#)
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
