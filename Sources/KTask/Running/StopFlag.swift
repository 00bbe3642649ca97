public import Synchronization

/// Says that no more chunks are to be taken, and why. Read before every chunk, written at most a few times.
@frozen
public struct StopFlag: ~Copyable {
  /// Chunks that failed, plus `cancelledBit` once the task was cancelled.
  @usableFromInline let word = Atomic<Int>(0)

  @inlinable static var cancelledBit: Int { 1 << 32 }

  init() {}

  /// Whether no more chunks are to be taken.
  @inlinable public var isRaised: Bool { word.load(ordering: .relaxed) != 0 }

  /// Notes a failed chunk; its rank among the failures, 0 for the first. To be called when every queue is closed.
  borrowing func raise() -> Int {
    word.wrappingAdd(1, ordering: .releasing).oldValue & (Self.cancelledBit - 1)
  }

  borrowing func cancel() { word.bitwiseOr(Self.cancelledBit, ordering: .relaxed) }

  borrowing func hasFailed() -> Bool { word.load(ordering: .relaxed) & (Self.cancelledBit - 1) != 0 }
}
