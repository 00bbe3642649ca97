internal import Synchronization

/// Which node tasks may have units left, for a thread that looks for its next one (R3). It looks at as many as there are
/// nodes and threads, however many node tasks there are: of those that nobody has begun only the largest of each node can
/// be the next, and every other one that has units left is some thread's.
@safe
struct OpenNodeTasks: ~Copyable {
  /// Those that no thread begins with, of one node or of none, the largest first.
  private struct Waiting {
    var node: Int?
    var nodeTasks: [Int]
  }
  private let waiting: [Waiting]
  /// How many of each node's have been begun.
  private let begun: SpacedArray<Atomic<Int>>
  /// The node task that each thread is at.
  private let seats: SpacedArray<Atomic<Int>>

  /// `seats`: the node task that each thread begins with.
  init(sizes: [Int], nodes: [Int?], seats first: [Int]) {
    let seated = Set(first)
    var groups: [Int?: [Int]] = [:]
    for index in sizes.indices where sizes[index] > 0 && !seated.contains(index) {
      groups[nodes[index], default: []].append(index)
    }
    waiting = groups.map { Waiting(node: $0, nodeTasks: $1.sorted { (-sizes[$0], $0) < (-sizes[$1], $1) }) }
    begun = SpacedArray(waiting.count)
    for index in 0..<waiting.count { unsafe begun[index].initialize(to: Atomic(0)) }
    seats = SpacedArray(first.count)
    for (thread, nodeTask) in first.enumerated() { unsafe seats[thread].initialize(to: Atomic(nodeTask)) }
  }

  deinit {
    for index in 0..<begun.count { unsafe begun[index].deinitialize(count: 1) }
    for index in 0..<seats.count { unsafe seats[index].deinitialize(count: 1) }
  }

  /// Where a thread goes whose node task has nothing left; nil where nothing is left anywhere. Allocates nothing (R7).
  func next(for thread: Int, remaining: (Int) -> Int, distance: (Int) -> Int) -> Int? {
    while true {
      let found = Policy.nextNodeTask(
        count: waiting.count + seats.count,
        remaining: { index in candidate(index).map { remaining($0) } ?? 0 },
        distance: { index in candidate(index).map { distance($0) } ?? 0 },
        number: { index in candidate(index) ?? .max })
      guard let found else { return nil }
      // another thread may have been faster: then there is another look
      if let taken = take(found, for: thread), remaining(taken) > 0 { return taken }
    }
  }

  /// Of each node the first that waits, then each thread's.
  private func candidate(_ index: Int) -> Int? {
    if index >= waiting.count { return unsafe seats[index - waiting.count].pointee.load(ordering: .relaxed) }
    let count = unsafe begun[index].pointee.load(ordering: .acquiring)
    return count < waiting[index].nodeTasks.count ? waiting[index].nodeTasks[count] : nil
  }

  /// The thread is at the node task before that counts as begun, so that no other thread misses it in between.
  private func take(_ index: Int, for thread: Int) -> Int? {
    let count = index < waiting.count ? unsafe begun[index].pointee.load(ordering: .acquiring) : 0
    guard let nodeTask = candidate(index) else { return nil }
    if index >= waiting.count {
      unsafe seats[thread].pointee.store(nodeTask, ordering: .relaxed)
      return nodeTask
    }
    guard count < waiting[index].nodeTasks.count, waiting[index].nodeTasks[count] == nodeTask else { return nil }
    unsafe seats[thread].pointee.store(nodeTask, ordering: .relaxed)
    let (isMine, _) = unsafe begun[index].pointee.compareExchange(
      expected: count, desired: count + 1, ordering: .acquiringAndReleasing)
    return isMine ? nodeTask : nil
  }
}
