import KTask
import LinuxSystem

/// An error that tells where it came from.
struct Trouble: Error, Equatable {
  var position: Int
}

/// What happened to a task's chunks, each list in the order of its events.
final class Record: Sendable {
  struct Events {
    var finished: [Range<Int>] = []
    var failed: [Range<Int>] = []
    var undone: [Range<Int>] = []
  }
  private let state = Guarded(Events())

  var events: Events { state.withLock { $0 } }

  func note(_ event: (inout Events) -> Void) { state.withLock { event(&$0) } }
}

/// Work on integers that calls `body` for each chunk and writes down what happens.
struct RecordedWork: TaskWork {
  let iterator = IntegerIterator<Int>()
  let record = Record()
  let body: @Sendable (Range<Int>) throws(Trouble) -> Void

  init(_ body: @escaping @Sendable (Range<Int>) throws(Trouble) -> Void = { _ in }) { self.body = body }

  func run(from start: Int, to end: Int) throws(Trouble) {
    do throws(Trouble) {
      try body(start..<end)
    } catch {
      record.note { $0.failed.append(start..<end) }
      throw error
    }
    record.note { $0.finished.append(start..<end) }
  }

  func undo(from start: Int, to end: Int) { record.note { $0.undone.append(start..<end) } }
}
