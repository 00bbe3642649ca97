/// The permits of one task's helpers.
@safe
struct HelperPermits: ~Copyable {
  private let permits: UnsafeMutablePointer<HelperPermit>
  private(set) var count = 0

  init(capacity: Int) { unsafe permits = .allocate(capacity: capacity) }

  deinit {
    unsafe permits.deinitialize(count: count)
    unsafe permits.deallocate()
  }

  mutating func append(_ permit: consuming HelperPermit) {
    unsafe (permits + count).initialize(to: permit)
    count += 1
  }

  /// All of them; none are left here.
  mutating func takeAll() -> HelperPermits {
    let all = self
    self = HelperPermits(capacity: 0)
    return all
  }

  /// Gives back all but the first `few`.
  mutating func keep(_ few: Int) {
    unsafe (permits + few).deinitialize(count: count - few)
    count = few
  }

  /// For as long as the helper rests. As `move`, these two take no more than the one permit.
  func giveBack(_ helper: Int) { unsafe (permits + helper).pointee.giveBack() }

  /// For the helper to work again; false where the limit leaves none.
  func takeAgain(_ helper: Int, on node: Int?) -> Bool { unsafe (permits + helper).pointee.takeAgain(on: node) }

  func node(of helper: Int) -> Int? { unsafe permits[helper].node }

  /// Called by each helper for its own permit only. No subscript: the thread sanitizer takes a change of one element by
  /// it for one of all.
  func move(_ helper: Int, to node: Int?) { unsafe (permits + helper).pointee.move(to: node) }
}
