internal import KTask
internal import LinuxSystem

/// How finished work is taken back.
enum UndoManner {
  /// Nothing was made.
  case nothing
  /// In pieces like chunks, on all threads.
  case pieces
  /// Run by run as it was finished, on one thread: pieces might cut what the kernel keeps whole.
  case wholeRuns
}

/// A kind of memory work. Its undo takes back any part of what was finished, on any thread.
protocol MemoryTaskWork: TaskWork where Iterator == MemoryIterator, Failure == ChunkFailure {
  static var undoManner: UndoManner { get }
  /// Before any of it is taken back, on one thread.
  func beginUndo()
}

extension MemoryTaskWork {
  static var undoManner: UndoManner { .nothing }
  func beginUndo() {}
}

/// Does the work, and only notes what of it is to be undone: that is a task by itself.
struct UndoneLater<Work: MemoryTaskWork>: TaskWork {
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
  _ work: Work, _ spans: [Span], _ table: RegionTable, _ control: TaskControl, _ monitor: TaskMonitor?
) -> Int {
  if spans.isEmpty { return 0 }
  let before = table.bytesGivenBack
  let files = Set(spans.map(\.region).filter { unsafe table.regions[$0].file >= 0 }).count
  var control = files > 0 ? control.limited(to: files) : control
  control.isEnabled = Work.undoManner == .pieces
  let undo = {
    work.beginUndo()
    _ = runTask(Undo(work: work), spans, control, monitor)
  }
  if let monitor { monitor.undoing(undo) } else { undo() }
  return table.bytesGivenBack - before
}
