public import LinuxSystem

/// R4: how many helpers may run at once, in all and on each node, over all tasks that share the budget: those of this
/// process, and, where the machine has a place for that, those of all processes and users.
/// Helpers only: a task's caller always works. Nothing ever waits for it.
public final class HelperBudget: Sendable {
  /// This machine's budget, shared with every other process that uses it.
  public static let shared = HelperBudget(Machine.shared.topology)

  /// Helpers at once, over all nodes.
  public let limit: Int
  private let nodeLimits: [Int: Int]
  private let state: Guarded<Counts>
  private let places: SharedPlaces?

  private struct Counts {
    var all = 0
    /// Has an entry for every node from the start: a helper's move allocates nothing (R7).
    var byNode: [Int: Int]
  }

  /// A budget of this process alone.
  public convenience init(limit: Int, nodeLimits: [Int: Int]) {
    self.init(limit: limit, nodeLimits: nodeLimits, places: nil)
  }

  init(limit: Int, nodeLimits: [Int: Int], places: SharedPlaces?) {
    self.limit = limit
    self.nodeLimits = nodeLimits
    self.places = places
    state = Guarded(Counts(byNode: nodeLimits.mapValues { _ in 0 }))
  }

  /// Four fifths of the CPUs, or `maximumHelpers` in their stead, and of each node's; shared with all processes.
  public convenience init(_ topology: Topology, maximumHelpers: Int? = nil) {
    self.init(topology, maximumHelpers: maximumHelpers, directory: SharedPlaces.directory)
  }

  convenience init(_ topology: Topology, maximumHelpers: Int?, directory: String) {
    let machines = Policy.helperLimit(cpus: topology.onlineCPUs.count)
    let limit = maximumHelpers ?? machines
    let nodes = topology.nodes.map { ($0.number, Policy.helperLimit(cpus: $0.cpus.count)) }
    let nodeLimits = Dictionary(uniqueKeysWithValues: nodes)
    // A node that has as many as the machine bounds nothing more: no lock is needed for it. All processes must see that
    // alike, whatever each was told: who takes no place on a node is not counted there.
    let bounding = nodeLimits.filter { $0.value < machines }
    let places = SharedPlaces(limit: limit, nodeLimits: bounding, directory: directory)
    self.init(limit: limit, nodeLimits: nodeLimits, places: places)
  }

  /// Whether the limits hold over all processes; within this one only where /run/ktask cannot be had.
  public var isMachineWide: Bool { places?.isMachineWide ?? false }

  /// Helpers that may still be started.
  public var left: Int {
    let here = leftHere
    return min(here, places?.left ?? here)
  }

  /// The same, as far as this process's own helpers go.
  var leftHere: Int { state.withLock { max(0, limit - $0.all) } }

  /// Helpers of this process running now: in all, and on `node`.
  public func running(on node: Int? = nil) -> Int {
    state.withLock { counts in node.map { counts.byNode[$0, default: 0] } ?? counts.all }
  }

  /// To be called before a task takes its slots.
  func refresh() { places?.refresh() }

  /// A slot, if the system-wide limit has one left or `beyondLimit`; it is `node`'s, or nobody's when that node's
  /// limit is reached.
  func slot(on node: Int?, beyondLimit: Bool = false) -> HelperSlot? {
    let granted: HelperSlot.Grant? = state.withLock { counts in
      var grant = HelperSlot.Grant()
      grant.isWithinLimit = counts.all < limit
      if grant.isWithinLimit {
        switch places?.take() {
        case .place(let place): grant.place = place
        case .full: grant.isWithinLimit = false
        case .unknown, nil: break
        }
      }
      if !grant.isWithinLimit && !beyondLimit { return nil }
      counts.all += 1
      claim(node, for: &grant, &counts)
      return grant
    }
    guard let granted else { return nil }
    return HelperSlot(budget: self, granted)
  }

  private func claim(_ node: Int?, for grant: inout HelperSlot.Grant, _ counts: inout Counts) {
    guard let node, counts.byNode[node, default: 0] < nodeLimits[node, default: 0] else { return }
    switch places?.take(node) {
    case .place(let place): grant.nodePlace = place
    case .full: return
    case .unknown, nil: break
    }
    counts.byNode[node, default: 0] += 1
    grant.node = node
  }

  private func giveBackNode(of grant: inout HelperSlot.Grant, _ counts: inout Counts) {
    if let node = grant.node { counts.byNode[node, default: 0] -= 1 }
    if let place = grant.nodePlace { places?.release(place) }
    grant.node = nil
    grant.nodePlace = nil
  }

  /// The new node's limit counts, not the old one's; the slot it had may be of no node.
  fileprivate func move(_ old: HelperSlot.Grant, to node: Int?) -> HelperSlot.Grant {
    if old.node == node { return old }
    return state.withLock { counts in
      var grant = old
      giveBackNode(of: &grant, &counts)
      claim(node, for: &grant, &counts)
      return grant
    }
  }

  fileprivate func release(_ old: HelperSlot.Grant) {
    state.withLock { counts in
      var grant = old
      counts.all -= 1
      giveBackNode(of: &grant, &counts)
      if let place = grant.place { places?.release(place) }
    }
  }
}

/// One helper's place in a budget, given back at the end of its life.
struct HelperSlot: ~Copyable {
  struct Grant: BitwiseCopyable {
    /// The node it is counted on; nil: on none, the helper may run anywhere.
    var node: Int?
    /// What it has of the machine's places, and of the node's.
    var place: SharedPlaces.Place?
    var nodePlace: SharedPlaces.Place?
    var isWithinLimit = true
  }
  private let budget: HelperBudget
  private var grant: Grant

  fileprivate init(budget: HelperBudget, _ grant: Grant) {
    self.budget = budget
    self.grant = grant
  }

  var node: Int? { grant.node }
  /// False: there because so many were asked for, beyond the system-wide limit.
  var isWithinLimit: Bool { grant.isWithinLimit }

  mutating func move(to node: Int?) { grant = budget.move(grant, to: node) }

  deinit { budget.release(grant) }
}
