/// The places of one task's helpers.
@safe
struct HelperSlots: ~Copyable {
  private let slots: UnsafeMutablePointer<HelperSlot>
  private(set) var count = 0

  init(capacity: Int) { unsafe slots = .allocate(capacity: capacity) }

  deinit {
    unsafe slots.deinitialize(count: count)
    unsafe slots.deallocate()
  }

  mutating func append(_ slot: consuming HelperSlot) {
    unsafe (slots + count).initialize(to: slot)
    count += 1
  }

  /// Gives back all but the first `few`.
  mutating func keep(_ few: Int) {
    unsafe (slots + few).deinitialize(count: count - few)
    count = few
  }

  func node(of helper: Int) -> Int? { unsafe slots[helper].node }

  /// Called by each helper for its own slot only. No subscript: the thread sanitizer takes a change of one element by
  /// it for one of all.
  func move(_ helper: Int, to node: Int?) { unsafe (slots + helper).pointee.move(to: node) }
}
