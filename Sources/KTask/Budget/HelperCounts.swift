internal import Glibc
internal import Synchronization

/// How many helpers of one process run, in all and on each node. Without a lock: a helper at nice 19 that moves must not
/// hold one that another task's caller waits for.
@safe
final class HelperCounts: @unchecked Sendable {
  // @unchecked: the counts are atomic, and nothing else changes.

  /// Whose helpers: a forked child has its parent's counts, not its threads.
  let process = getpid()
  /// Where each node's count is, the first being that of all. Complete from the start: counting allocates nothing (R7).
  private let places: [Int: Int]
  private let counts: SpacedArray<Atomic<Int>>

  init(nodes: [Int]) {
    places = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0 + 1) })
    counts = SpacedArray(nodes.count + 1)
    for index in 0..<counts.count { unsafe counts[index].initialize(to: Atomic(0)) }
  }

  deinit {
    for index in 0..<counts.count { unsafe counts[index].deinitialize(count: 1) }
  }

  private func place(of node: Int?) -> Int? { node.map { places[$0] } ?? 0 }

  /// In all, or on `node`: none on one that is not known.
  func running(on node: Int?) -> Int {
    guard let place = place(of: node) else { return 0 }
    return unsafe counts[place].pointee.load(ordering: .relaxed)
  }

  /// Counts one more, in all or on `node`, unless there are `limit` already.
  func add(on node: Int? = nil, below limit: Int = .max) -> Bool {
    guard let place = place(of: node) else { return false }
    var found = unsafe counts[place].pointee.load(ordering: .relaxed)
    while found < limit {
      let (isMine, now) = unsafe counts[place].pointee.compareExchange(
        expected: found, desired: found + 1, ordering: .relaxed)
      if isMine { return true }
      found = now
    }
    return false
  }

  func subtract(on node: Int? = nil) {
    guard let place = place(of: node) else { return }
    unsafe counts[place].pointee.subtract(1, ordering: .relaxed)
  }
}
