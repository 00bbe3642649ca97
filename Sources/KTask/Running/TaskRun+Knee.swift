// The helpers' shifts, where a task finds its knee. All of it is the caller's, between two of its chunks: a helper that is to rest
// comes to the end of its chunk and is idle, as it is between two tasks, and is called again as it was called at first.

extension TaskRun where Work: ~Copyable {
  /// How many threads begin. The others rest, and their helpers have no permits yet.
  func firstThreads() -> Int {
    guard let finder else { return records.count }
    let first = finder.knee.threads
    for thread in first..<max(first, records.count) {
      unsafe records[thread].pointee.rests = true
      permits.giveBack(thread - 1)
    }
    return first
  }

  /// After one of the caller's reports.
  func lookForKnee(_ pace: Pace) {
    guard let finder else { return }
    finder.decide(pace)
    if finder.isChanging { changeShifts(finder, pace) }
  }

  /// Calls those that are to work, and gives back the permits of those that rest. One that is still about to rest is called
  /// the next time.
  private func changeShifts(_ finder: KneeFinder, _ pace: Pace) {
    var isChanging = false
    for (index, helper) in finder.helpers.enumerated() {
      let (thread, isWanted) = (index + 1, index + 1 < finder.knee.threads)
      if !helper.isIdle {
        isChanging = isChanging || !isWanted
      } else if !isWanted {
        permits.giveBack(index)
      } else if unsafe records[thread].pointee.rests {
        if !permits.takeAgain(index, on: unsafe seating.servers[records[thread].pointee.nodeTask]) {
          finder.lower(to: thread, pace)
          continue
        }
        unsafe records[thread].pointee.rests = false
        helper.call()
      }
    }
    finder.isChanging = isChanging || !finder.isComplete
  }
}
