import LinuxSystem
import Synchronization

/// Something that takes words when it can, and that nobody waits for but at the end.
protocol Outgoing {
  /// Lets it take what it takes now; whether that was anything.
  func push() -> Bool
  /// Whether anything is left, and whether that is worth waiting for a reader.
  var isEmpty: Bool { get }
  var isDue: Bool { get }
  /// To wait for with poll(2).
  var number: Int32 { get }
}

/// A stream that words go to. What it does not take at once waits here, so that no reader holds up the work, the undo or
/// a signal.
final class Outlet: Outgoing, Sendable {
  private struct State {
    var waiting: ArraySlice<UInt8> = []
    /// So many of them must be told; what comes after them may be left out.
    var due = 0
    var failure: Errno?
  }
  let number: Int32
  private let end: StreamEnd
  private let state = Mutex(State())

  init(_ number: Int32) {
    self.number = number
    end = StreamEnd(number)
  }

  init(owning file: consuming FileDescriptor) {
    number = file.number
    end = StreamEnd(owning: file)
  }

  /// What must be told.
  func write(_ text: String) {
    state.withLock { state in
      state.waiting += text.utf8
      state.due = state.waiting.count
      _ = push(&state)
    }
  }

  /// What is told in its turn, if anybody reads.
  func mention(_ text: String) {
    state.withLock { state in
      state.waiting += text.utf8
      _ = push(&state)
    }
  }

  /// What is left out where it is not taken at once.
  func offer(_ text: String) {
    state.withLock { state in
      if !state.waiting.isEmpty { return }
      state.waiting += text.utf8
      // what has begun ends, so that no line is torn
      if !push(&state) { state.waiting = [] }
    }
  }

  func push() -> Bool { state.withLock { push(&$0) } }
  var isEmpty: Bool { state.withLock { $0.waiting.isEmpty } }
  var isDue: Bool { state.withLock { $0.due > 0 } }

  /// Why words were lost, if any were.
  var failure: Errno? { state.withLock { $0.failure } }

  /// Whether all that must be told has been taken.
  var hasTold: Bool { state.withLock { $0.failure == nil && $0.due == 0 } }

  private func push(_ state: inout State) -> Bool {
    var taken = 0
    do throws(Errno) {
      while state.failure == nil && taken < state.waiting.count {
        let count = try end.write(state.waiting.dropFirst(taken))
        if count == 0 { break }
        taken += count
      }
    } catch {
      state.failure = error
    }
    if state.failure != nil { taken = state.waiting.count }
    state.waiting = taken == state.waiting.count ? [] : state.waiting.dropFirst(taken)
    state.due = max(0, state.due - taken)
    return taken > 0
  }
}
