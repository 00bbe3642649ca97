internal import Synchronization

/// How many threads map in each space just now. The kernel lets one at a time map in a container of VFIO, so that a chunk
/// begins, which makes its pages, where nobody is.
@safe
struct SpaceUse: @unchecked Sendable {
  // @unchecked: the counts are atomic.
  private let counts: UnsafeMutablePointer<Atomic<Int>>
  private let count: Int

  /// Nobody is in any of so many spaces.
  init(count: Int) {
    self.count = count
    unsafe counts = .allocate(capacity: count)
    for index in 0..<count { unsafe (counts + index).initialize(to: Atomic(0)) }
  }

  func deallocate() {
    unsafe counts.deinitialize(count: count)
    unsafe counts.deallocate()
  }

  /// Enters the first space that nobody is in; where there is none, `usual`.
  @_noLocks
  func enterFree(usual: Int) -> Int {
    for index in 0..<count {
      let space = (usual + index) % count
      if unsafe counts[space].compareExchange(expected: 0, desired: 1, ordering: .relaxed).exchanged { return space }
    }
    enter(usual)
    return usual
  }

  @_noLocks
  func enter(_ space: Int) { unsafe counts[space].wrappingAdd(1, ordering: .relaxed) }

  @_noLocks
  func leave(_ space: Int) { unsafe counts[space].wrappingSubtract(1, ordering: .relaxed) }
}
