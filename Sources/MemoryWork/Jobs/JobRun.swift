public import KTask
public import LinuxSystem

/// One run of a job: what it took, what its threads did, what went wrong and what was taken back.
public struct JobRun: Sendable {
  public enum End: Sendable, Equatable { case finished, failed, cancelled }

  public struct Thread: Sendable, Equatable {
    public var node: Int?
    public var chunks: Int
    public var bytes: Int
    public var seconds: Double
  }

  public var end: End
  /// Wall-clock seconds, helpers' start included.
  public var seconds: Double
  /// CPU time, of all threads; nil where the kernel does not tell.
  public var usage: ResourceUsage?
  /// The caller first.
  public var threads: [Thread]
  /// Every failed chunk, the first in time first.
  public var errors: [MemoryError]
  public var bounds: [Bound]
  public var exceededBounds: [Bound]
  public var chunkBytes: Int
  /// Bytes that the undo gave back.
  public var undoneBytes: Int
}

/// The bytes of a region that belong together to one node, or to none: a node task.
public struct Span: Sendable, Equatable {
  /// The region's place in the job.
  public var region: Int
  public var range: Range<Int>
  /// nil: no node in particular.
  public var node: Int?

  public init(region: Int, range: Range<Int>, node: Int? = nil) {
    self.region = region
    self.range = range
    self.node = node
  }
}

extension [Span] {
  /// What of them lies in `window`, as parts of `region`.
  func clamped(to window: Range<Int>, region: Int) -> [Span] {
    compactMap { part in
      let range = part.range.clamped(to: window)
      return range.isEmpty ? nil : Span(region: region, range: range, node: part.node)
    }
  }
}

/// Runs one memory work over parts of regions, on the engine, and tells it in the words of a job. What a failure or a
/// cancellation leaves is taken back.
func runMemoryTask<Work: MemoryTaskWork>(
  _ work: Work, _ spans: [Span], _ table: RegionTable, _ control: TaskControl, _ monitor: TaskMonitor?,
  path: (Int) -> String?
) -> JobRun {
  let began = (clock: Clock.now(), usage: try? ResourceUsage.current())
  let undone = UndoneLater<Work>.Spans()
  let outcome = runTask(UndoneLater(work: work, spans: undone), spans, control, monitor)
  let took = outcome.seconds > 0 ? Double(Clock.since(began.clock)) / 1e9 : 0
  let usage = began.usage.flatMap { before in (try? ResourceUsage.current()).map { $0 - before } }
  let undoneBytes = takeBack(work, undone.list, table, control, monitor)
  return JobRun(
    end: outcome.jobEnd, seconds: took, usage: usage,
    threads: outcome.threads.map { .init(node: $0.node, chunks: $0.chunks, bytes: $0.units, seconds: $0.seconds) },
    errors: outcome.failures.map { memoryError($0, spans[$0.nodeTask].node, table, path) }, bounds: outcome.bounds,
    exceededBounds: outcome.exceededBounds, chunkBytes: outcome.chunk, undoneBytes: undoneBytes)
}

/// Runs a work over parts of regions, on the engine.
func runTask<Work: TaskWork>(
  _ work: Work, _ spans: [Span], _ control: TaskControl, _ monitor: TaskMonitor?
) -> TaskOutcome<MemoryPosition, ChunkFailure> where Work.Iterator == MemoryIterator, Work.Failure == ChunkFailure {
  let nodeTasks = spans.map {
    NodeTask(
      start: MemoryPosition(region: $0.region, offset: $0.range.lowerBound), size: $0.range.count, node: $0.node)
  }
  do throws(TaskControlError) {
    return try control.run(work, nodeTasks: nodeTasks, monitor: monitor)
  } catch {
    preconditionFailure("a job made an impossible task: \(error)")
  }
}

extension TaskOutcome {
  fileprivate var jobEnd: JobRun.End {
    switch end {
    case .finished: .finished
    case .failed: .failed
    case .cancelled: .cancelled
    }
  }
}

private func memoryError(
  _ chunk: FailedChunk<MemoryPosition, ChunkFailure>, _ node: Int?, _ table: RegionTable, _ path: (Int) -> String?
) -> MemoryError {
  let region = chunk.start.region
  let error = chunk.error
  let cause = error.isNotZero ? MemoryError.Cause.notZero : .failed(error.operation, error.errno)
  let memoryError = MemoryError(
    cause, path: path(region), offset: chunk.start.offset + chunk.error.at, bytes: chunk.units,
    pageSize: unsafe table.regions[region].pageSize, node: node)
  switch error.operation {
  case .populate, .touch, .allocate, .clear: return memoryError.lookingAtPool(need: table.missingBytes)
  default: return memoryError
  }
}
