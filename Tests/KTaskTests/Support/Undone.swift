import KTask
import Testing

/// The maximal runs of neighbouring ranges, ascending, of each node task in turn: what R6 says must be undone.
func maximalRuns(_ finished: [Range<Int>], in nodeTasks: [NodeTask<Int>]) -> [Range<Int>] {
  nodeTasks.flatMap { task in
    let own = finished.filter { task.units.contains($0.lowerBound) }.sorted { $0.lowerBound < $1.lowerBound }
    return own.reduce(into: [Range<Int>]()) { runs, next in
      if let last = runs.last, last.upperBound == next.lowerBound {
        runs[runs.count - 1] = last.lowerBound..<next.upperBound
      } else {
        runs.append(next)
      }
    }
  }
}

/// Checks that after a failure or a cancellation exactly the finished chunks were undone, and that every failed one
/// is reported.
func expectUndone(
  _ outcome: TaskOutcome<Int, Trouble>, _ record: Record, _ nodeTasks: [NodeTask<Int>],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let events = record.events
  let units = events.finished.reduce(0) { $0 + $1.count }
  #expect(events.undone == maximalRuns(events.finished, in: nodeTasks), sourceLocation: sourceLocation)
  #expect(outcome.unitsDone == units, sourceLocation: sourceLocation)
  #expect(outcome.unitsUndone == units, sourceLocation: sourceLocation)

  let reported = outcome.failures.map { $0.start..<$0.end }
  let inOrder = { (a: Range<Int>, b: Range<Int>) in a.lowerBound < b.lowerBound }
  #expect(reported.sorted(by: inOrder) == events.failed.sorted(by: inOrder), sourceLocation: sourceLocation)
  for failure in outcome.failures {
    let task = nodeTasks[failure.nodeTask]
    #expect(task.start + failure.offset == failure.start, sourceLocation: sourceLocation)
    #expect(failure.end - failure.start == failure.units, sourceLocation: sourceLocation)
    #expect(failure.error == Trouble(position: failure.start), sourceLocation: sourceLocation)
  }
}
