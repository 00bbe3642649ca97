package import LinuxSystem

/// R4: how many helpers may run at once, in all and on each node, over all tasks that share the budget: those of this
/// process, and, where the machine has a file for that, those of all processes and users.
/// Helpers only: a task's caller always works. Nothing ever waits for it.
public final class HelperBudget: Sendable {
  /// This machine's budget, shared with every other process that uses it. The same for all, until CPUs are switched on or off.
  public static var shared: HelperBudget { MachineBudget.shared.budget(for: MachineWatch.shared.known().topology) }

  /// Helpers at once, over all nodes.
  public let limit: Int
  private let nodeLimits: [Int: Int]
  private let counts: Guarded<HelperCounts>
  private let places: SharedPlaces?

  /// A budget of this process alone.
  public convenience init(limit: Int, nodeLimits: [Int: Int]) {
    self.init(limit: limit, nodeLimits: nodeLimits, places: nil)
  }

  init(limit: Int, nodeLimits: [Int: Int], places: SharedPlaces?) {
    self.limit = limit
    self.nodeLimits = nodeLimits
    self.places = places
    counts = Guarded(HelperCounts(nodes: Array(nodeLimits.keys)))
  }

  /// Four fifths of the CPUs, or `maximumHelpers` in their stead, and of each node's; shared with all processes.
  package convenience init(_ topology: Topology, maximumHelpers: Int? = nil) {
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
  public var isMachineWide: Bool { places?.current != nil }

  /// Helpers that may still be started.
  public var left: Int {
    refresh()
    let here = leftHere
    return min(here, places?.current?.left ?? here)
  }

  /// The same, as far as this process's own helpers go.
  var leftHere: Int { max(0, limit - running()) }

  /// Helpers of this process running now: in all, and on `node`.
  public func running(on node: Int? = nil) -> Int { currentCounts.running(on: node) }

  /// This process's: a forked child begins with none.
  private var currentCounts: HelperCounts {
    counts.withLock { counts in
      if counts.generation != Generation.current { counts = HelperCounts(nodes: Array(nodeLimits.keys)) }
      return counts
    }
  }

  /// To be called before a task takes its permits.
  func refresh() { places?.refresh() }

  /// A permit, if the system-wide limit has one left or `beyondLimit`; it is `node`'s, or nobody's when that node's
  /// limit is reached.
  func permit(on node: Int?, beyondLimit: Bool = false) -> HelperPermit? {
    var grant = HelperPermit.Grant(counts: currentCounts, table: places?.current)
    grant.isWithinLimit = admit(&grant)
    if !grant.isWithinLimit {
      if !beyondLimit { return nil }
      _ = grant.counts.add()
    }
    claim(node, for: &grant)
    return HelperPermit(budget: self, grant)
  }

  /// Whether the system-wide limit leaves one, which is taken then.
  private func admit(_ grant: inout HelperPermit.Grant) -> Bool {
    guard grant.counts.add(below: limit) else { return false }
    guard let table = grant.table else { return true }
    switch table.take() {
    case .place(let place):
      grant.place = place
      return true
    case .full, .unknown:
      grant.counts.subtract()
      return false
    }
  }

  /// A permit that was given back is taken again, where it was; false where the limit leaves none. Without a lock.
  func renew(_ grant: inout HelperPermit.Grant, on node: Int?) -> Bool {
    grant.isWithinLimit = admit(&grant)
    if grant.isWithinLimit { claim(node, for: &grant) }
    return grant.isWithinLimit
  }

  private func claim(_ node: Int?, for grant: inout HelperPermit.Grant) {
    guard let node, grant.counts.add(on: node, below: nodeLimits[node, default: 0]) else { return }
    switch grant.table?.take(node) {
    case .place(let place): grant.nodePlace = place
    case .full:
      grant.counts.subtract(on: node)
      return
    case .unknown, nil: break
    }
    grant.node = node
  }

  private func giveBackNode(of grant: inout HelperPermit.Grant) {
    guard let node = grant.node else { return }
    if let place = grant.nodePlace { grant.table?.release(place) }
    grant.counts.subtract(on: node)
    grant.node = nil
    grant.nodePlace = nil
  }

  /// The new node's limit counts, not the old one's; the permit it had may be of no node.
  func move(_ grant: inout HelperPermit.Grant, to node: Int?) {
    if grant.node == node { return }
    giveBackNode(of: &grant)
    claim(node, for: &grant)
  }

  func release(_ grant: inout HelperPermit.Grant) {
    giveBackNode(of: &grant)
    if let place = grant.place { grant.table?.release(place) }
    grant.place = nil
    grant.counts.subtract()
  }
}
