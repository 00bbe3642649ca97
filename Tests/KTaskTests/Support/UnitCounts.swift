import Synchronization

/// A count for each unit of a task, in memory that any thread may add to.
@safe
final class UnitCounts: @unchecked Sendable {
  // @unchecked: the pointees are atomic, and the pointer never changes.
  private let counts: UnsafeMutablePointer<Atomic<UInt8>>
  let size: Int

  init(_ size: Int) {
    self.size = size
    unsafe counts = .allocate(capacity: size)
    for index in 0..<size { unsafe (counts + index).initialize(to: Atomic(0)) }
  }

  deinit {
    unsafe counts.deinitialize(count: size)
    unsafe counts.deallocate()
  }

  func add(_ units: Range<Int>) {
    precondition(units.lowerBound >= 0 && units.upperBound <= size)
    for index in units { unsafe counts[index].wrappingAdd(1, ordering: .relaxed) }
  }

  /// The counts of all units, once no thread adds any more.
  var all: [Int] { (0..<size).map { Int(unsafe counts[$0].load(ordering: .relaxed)) } }
}
