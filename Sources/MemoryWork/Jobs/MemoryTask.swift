internal import KTask
internal import LinuxSystem

/// A kind of memory work. Its undo takes back any part of what was finished, on any thread.
protocol MemoryTaskWork: TaskWork where Iterator == MemoryIterator, Failure == ChunkFailure {
  static var undoManner: UndoManner { get }
  /// Before any of it is taken back, on one thread.
  func beginUndo()
}

/// How finished work is taken back.
enum UndoManner {
  /// Nothing was made.
  case nothing
  /// In pieces like chunks, on all threads.
  case pieces
  /// Run by run as it was finished, on one thread: pieces might cut what the kernel keeps whole.
  case wholeRuns
}

extension MemoryTaskWork {
  static var undoManner: UndoManner { .nothing }
  func beginUndo() {}
}

/// Runs one memory work over parts of regions, on the engine, and tells it in the words of a job. What a failure or a
/// cancellation leaves is taken back.
func runMemoryTask<Work: MemoryTaskWork>(
  _ work: Work, _ nodeTasks: [Span], _ table: RegionTable, _ control: TaskControl, _ monitor: TaskMonitor?,
  path: (Int) -> String?
) -> JobRun {
  let began = (clock: Clock.now(), usage: try? ResourceUsage.current())
  let undone = UndoneLater<Work>.Spans()
  let outcome = runTask(UndoneLater(work: work, spans: undone), nodeTasks, control, monitor)
  let took = outcome.seconds > 0 ? Double(Clock.since(began.clock)) / 1e9 : 0
  let usage = began.usage.flatMap { before in (try? ResourceUsage.current()).map { $0 - before } }
  let undoneBytes = takeBack(work, undone.list, table, control, monitor)
  return JobRun(
    end: outcome.jobEnd, seconds: took, usage: usage,
    threads: outcome.threads.map { .init(node: $0.node, chunks: $0.chunks, bytes: $0.units, seconds: $0.seconds) },
    errors: outcome.failures.map { MemoryError($0, nodeTasks[$0.nodeTask].node, table, path) }, bounds: outcome.bounds,
    exceededBounds: outcome.exceededBounds, chunkBytes: outcome.chunk, undoneBytes: undoneBytes,
    knee: outcome.knee, steps: outcome.steps)
}

/// Runs a work that only looks; throws its first failure, and where it was cancelled.
func lookAt<Work: MemoryTaskWork>(
  _ work: Work, _ nodeTasks: [Span], _ table: RegionTable, _ control: TaskControl, _ monitor: TaskMonitor?,
  path: (Int) -> String?
) throws(MemoryError) {
  let run = runMemoryTask(work, nodeTasks, table, control, monitor, path: path)
  if let error = run.errors.first { throw error }
  if run.end == .cancelled { throw MemoryError(.cancelled) }
}

/// Runs a work over parts of regions, on the engine.
private func runTask<Work: TaskWork>(
  _ work: Work, _ nodeTasks: [Span], _ control: TaskControl, _ monitor: TaskMonitor?
) -> TaskOutcome<MemoryPosition, ChunkFailure> where Work.Iterator == MemoryIterator, Work.Failure == ChunkFailure {
  let tasks = nodeTasks.map {
    NodeTask(
      start: MemoryPosition(region: $0.region, offset: $0.range.lowerBound), size: $0.range.count, node: $0.node)
  }
  do throws(TaskControlError) {
    return try control.run(work, nodeTasks: tasks, monitor: monitor)
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

extension MemoryError {
  /// Of a failed chunk; `path`: the file of a region.
  fileprivate init(
    _ chunk: FailedChunk<MemoryPosition, ChunkFailure>, _ node: Int?, _ table: RegionTable, _ path: (Int) -> String?
  ) {
    let number = chunk.start.region
    let region = unsafe table.regions[number]
    self.init(
      chunk.error.cause, path: path(number), offset: chunk.start.offset + chunk.error.at, bytes: chunk.units,
      pageSize: region.isTransparent ? nil : region.pageSize, node: node)
    if case .failed(let operation, _) = cause, operation.makesPages { self = lookingAtPool(need: table.missingBytes) }
  }
}

extension MemoryError.Operation {
  /// Fails where pages run out.
  fileprivate var makesPages: Bool {
    switch self {
    case .populate, .touch, .allocate, .clear: true
    default: false
    }
  }
}

/// Does the work, and only notes what of it is to be undone: that is a task by itself.
private struct UndoneLater<Work: MemoryTaskWork>: TaskWork {
  /// Written by the engine's undo, which is one thread.
  final class Spans: @unchecked Sendable {
    // @unchecked: as said above.
    var list: [Span] = []
  }
  let iterator = MemoryIterator()
  let work: Work
  let spans: Spans

  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    try work.run(from: start, to: end)
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    if Work.undoManner != .nothing { spans.list.append(Span(region: start.region, range: start.offset..<end.offset)) }
  }
}

/// The undo of a work, as a work.
private struct Undo<Work: MemoryTaskWork>: TaskWork {
  let iterator = MemoryIterator()
  let work: Work

  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) { work.undo(from: start, to: end) }
}

/// Takes back what a work did in the spans, in pieces and on all threads; the bytes that were given back. Nobody cancels
/// it, but it can be watched.
///
/// A file has one thread: the kernel holds its inode's lock while pages are taken from it. Measured, 2 GiB of 4 KiB pages of
/// anonymous memory: munmap 0.15–0.19 s, a third of what making them took; on two threads this way 0.08–0.10 s. Of huge
/// pages there is little to free: 4 GiB take 10 ms or 6.
func takeBack<Work: MemoryTaskWork>(
  _ work: Work, _ nodeTasks: [Span], _ table: RegionTable, _ control: TaskControl, _ monitor: TaskMonitor?
) -> Int {
  if nodeTasks.isEmpty { return 0 }
  let before = table.bytesGivenBack
  let files = Set(nodeTasks.map(\.region).filter { unsafe table.regions[$0].file >= 0 }).count
  var control = files > 0 ? control.limited(to: files) : control
  control.isEnabled = Work.undoManner == .pieces
  let undo = {
    work.beginUndo()
    _ = runTask(Undo(work: work), nodeTasks, control, monitor)
  }
  if let monitor { monitor.undoing(undo) } else { undo() }
  return table.bytesGivenBack - before
}
