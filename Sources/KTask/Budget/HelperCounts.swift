internal import LinuxSystem
internal import Synchronization

/// How many helpers of one process run, in all and on each node. Without a lock: a helper at nice 19 that moves must not
/// hold one that another task's caller waits for.
@safe
final class HelperCounts: @unchecked Sendable {
  // @unchecked: the counts are atomic, and nothing else changes.

  /// Whose helpers: a forked child has its parent's counts, not its threads.
  let generation = Generation.current
  /// Where each node's count is, the first being that of all. Complete from the start: counting allocates nothing (R7).
  private let indices: [Int: Int]
  private let counts: SpacedArray<Atomic<Int>>

  init(nodes: [Int]) {
    indices = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0 + 1) })
    counts = SpacedArray(nodes.count + 1)
    for index in 0..<counts.count { unsafe counts[index].initialize(to: Atomic(0)) }
  }

  deinit {
    for index in 0..<counts.count { unsafe counts[index].deinitialize(count: 1) }
  }

  private func index(of node: Int?) -> Int? { node.map { indices[$0] } ?? 0 }

  /// In all, or on `node`: none on one that is not known.
  func running(on node: Int?) -> Int {
    guard let index = index(of: node) else { return 0 }
    return unsafe counts[index].pointee.load(ordering: .relaxed)
  }

  /// Counts one more, in all or on `node`, unless there are `limit` already.
  func add(on node: Int? = nil, below limit: Int = .max) -> Bool {
    guard let index = index(of: node) else { return false }
    var found = unsafe counts[index].pointee.load(ordering: .relaxed)
    while found < limit {
      let (isMine, now) = unsafe counts[index].pointee.compareExchange(
        expected: found, desired: found + 1, ordering: .relaxed)
      if isMine { return true }
      found = now
    }
    return false
  }

  func subtract(on node: Int? = nil) {
    guard let index = index(of: node) else { return }
    unsafe counts[index].pointee.subtract(1, ordering: .relaxed)
  }
}
