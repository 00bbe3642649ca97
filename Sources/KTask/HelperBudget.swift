public import LinuxSystem

/// R4: how many helpers may run at once, in all and on each node, over all tasks that share the budget.
/// Helpers only: a task's caller always works. Nothing ever waits for it.
public final class HelperBudget: Sendable {
  /// The budget of this process. It is the one place that counts helpers: counting across processes goes here.
  public static let shared = HelperBudget(Machine.shared.topology)

  /// Helpers at once, over all nodes.
  public let limit: Int
  private let nodeLimits: [Int: Int]
  private let state: Guarded<Counts>

  private struct Counts {
    var all = 0
    /// Has an entry for every node from the start: a helper's move allocates nothing (R7).
    var byNode: [Int: Int]
  }

  public init(limit: Int, nodeLimits: [Int: Int]) {
    self.limit = limit
    self.nodeLimits = nodeLimits
    state = Guarded(Counts(byNode: nodeLimits.mapValues { _ in 0 }))
  }

  /// Four fifths of the CPUs, and of each node's.
  public convenience init(_ topology: Topology) {
    let nodes = topology.nodes.map { ($0.number, Policy.helperLimit(cpus: $0.cpus.count)) }
    self.init(
      limit: Policy.helperLimit(cpus: topology.onlineCPUs.count),
      nodeLimits: Dictionary(uniqueKeysWithValues: nodes))
  }

  /// Helpers that may still be started.
  public var left: Int { state.withLock { max(0, limit - $0.all) } }

  /// Helpers running now: in all, and on `node`.
  public func running(on node: Int? = nil) -> Int {
    state.withLock { counts in node.map { counts.byNode[$0, default: 0] } ?? counts.all }
  }

  /// A slot, if the system-wide limit has one left or `beyondLimit`; it is `node`'s, or nobody's when that node's
  /// limit is reached.
  func slot(on node: Int?, beyondLimit: Bool = false) -> HelperSlot? {
    let granted: Int?? = state.withLock { counts in
      if counts.all >= limit && !beyondLimit { return nil }
      counts.all += 1
      return .some(grant(node, &counts))
    }
    guard let granted else { return nil }
    return HelperSlot(budget: self, node: granted)
  }

  private func grant(_ node: Int?, _ counts: inout Counts) -> Int? {
    guard let node, counts.byNode[node, default: 0] < nodeLimits[node, default: 0] else { return nil }
    counts.byNode[node, default: 0] += 1
    return node
  }

  private func giveBack(_ node: Int?, _ counts: inout Counts) {
    if let node { counts.byNode[node, default: 0] -= 1 }
  }

  /// The new node's limit counts, not the old one's; the slot it had may be of no node.
  fileprivate func move(from old: Int?, to new: Int?) -> Int? {
    if old == new { return old }
    return state.withLock { counts in
      giveBack(old, &counts)
      return grant(new, &counts)
    }
  }

  fileprivate func release(_ node: Int?) {
    state.withLock { counts in
      counts.all -= 1
      giveBack(node, &counts)
    }
  }
}

/// One helper's place in a budget, given back at the end of its life.
struct HelperSlot: ~Copyable {
  private let budget: HelperBudget
  /// The node it is counted on; nil: on none, the helper may run anywhere.
  private(set) var node: Int?

  fileprivate init(budget: HelperBudget, node: Int?) {
    self.budget = budget
    self.node = node
  }

  mutating func move(to node: Int?) { self.node = budget.move(from: self.node, to: node) }

  deinit { budget.release(node) }
}

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
