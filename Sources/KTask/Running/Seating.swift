internal import LinuxSystem

/// Where a task's threads work: which node serves each of its node tasks, and which node task each thread begins with.
struct Seating {
  /// For each node task the node whose CPUs serve it, and whose limit its helpers count against: a node without CPUs has
  /// none of either. nil for none in particular.
  let servers: [Int?]
  /// For each node task the CPUs that its helpers run on; nil: any of the caller's.
  let cpus: [CPUSet?]
  /// The CPUs that the caller may use.
  let allowedCPUs: CPUSet
  /// The caller's node; nil where it is not known.
  let home: Int?
  /// The node task that each thread begins with, the caller first.
  private(set) var seats: [Int]

  init<Position>(
    _ nodeTasks: [NodeTask<Position>], _ machine: Machine, within allowed: CPUSet, home: Int?, threads: Int
  ) {
    let servers = nodeTasks.map { machine.node(serving: $0.node, within: allowed) }
    self.servers = servers
    cpus = servers.map { machine.cpus(serving: $0, within: allowed) }
    allowedCPUs = allowed
    self.home = home
    seats = Policy.seats(sizes: nodeTasks.map { $0.size }, nodes: servers, threads: threads, callersNode: home)
  }

  /// The node that each helper begins on.
  var helpersNodes: [Int?] { seats.dropFirst().map { servers[$0] } }

  /// The same for the first so many threads.
  func keeping(_ threads: Int) -> Seating {
    var kept = self
    kept.seats = Array(seats.prefix(threads))
    return kept
  }
}
