// R6: what is taken back after a failure.

/// A run of finished chunks, in units from the start of a node task.
struct FinishedRun<Position: BitwiseCopyable> {
  var start: Position
  var end: Position
  var units: Int
}

/// The maximal runs of finished chunks of one node task, ascending, given all that was handed out of it and those of
/// its chunks that failed. Works for opaque positions: it compares offsets only.
func finishedRuns<Position: BitwiseCopyable, Failure: Error>(
  start: Position, handedOut: (units: Int, end: Position), failed: [FailedChunk<Position, Failure>]
) -> [FinishedRun<Position>] {
  var runs: [FinishedRun<Position>] = []
  var from = (position: start, offset: 0)
  for chunk in failed.sorted(by: { $0.offset < $1.offset }) {
    if chunk.offset > from.offset {
      runs.append(FinishedRun(start: from.position, end: chunk.start, units: chunk.offset - from.offset))
    }
    from = (chunk.end, chunk.offset + chunk.units)
  }
  if handedOut.units > from.offset {
    runs.append(FinishedRun(start: from.position, end: handedOut.end, units: handedOut.units - from.offset))
  }
  return runs
}
