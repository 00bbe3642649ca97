public import Synchronization

/// Bounds the tail where the caller cannot lend its priority (R8): a helper takes no chunk that it would still be
/// working on when the caller alone, at its own pace, had done all that is left. A helper that hardly gets a CPU thus
/// retires after the chunk that showed it. What remains to be waited for is one chunk of each helper, at the pace that it
/// has then: its first, when no pace is known yet, or one during which it became slower than in its last.
@frozen
public struct TailGuard: ~Copyable {
  /// Units that nobody has taken yet, in all node tasks.
  @usableFromInline let left: Atomic<Int>
  /// The caller's nanoseconds per unit, as the bits of a Double; 0 before its first chunk has ended.
  @usableFromInline let callersPace = Atomic<UInt64>(0)

  init(units: Int) { left = Atomic(units) }

  @inlinable
  borrowing func taken(_ units: Int) { left.wrappingSubtract(units, ordering: .relaxed) }

  @inlinable
  borrowing func publish(_ nanosecondsPerUnit: Double) {
    callersPace.store(nanosecondsPerUnit.bitPattern, ordering: .relaxed)
  }

  /// Whether a helper of this pace may take so many units.
  @inlinable
  borrowing func allows(_ units: Int, nanosecondsPerUnit: Double) -> Bool {
    Self.allows(
      units, nanosecondsPerUnit: nanosecondsPerUnit, left: left.load(ordering: .relaxed),
      callers: Double(bitPattern: callersPace.load(ordering: .relaxed)))
  }

  /// The rule in numbers. A pace of 0 is not known yet: then nothing speaks against a chunk.
  @inlinable
  static func allows(_ units: Int, nanosecondsPerUnit: Double, left: Int, callers: Double) -> Bool {
    if nanosecondsPerUnit == 0 || callers == 0 { return true }
    return Double(min(units, left)) * nanosecondsPerUnit <= Double(left) * callers
  }
}
