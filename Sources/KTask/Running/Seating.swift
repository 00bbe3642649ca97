internal import LinuxSystem

/// A task but for its positions: how large its node tasks are, which node serves each, and which one each thread begins with.
struct Seating {
  /// For each node task its units, and the node it belongs to.
  let sizes: [Int]
  let nodes: [Int?]
  /// For each node task the node whose CPUs serve it, and whose limit its helpers count against: a node without CPUs has
  /// none of either. nil for none in particular.
  let servers: [Int?]
  /// For each node task the CPUs that its helpers run on; nil: any of the caller's.
  let cpus: [CPUSet?]
  /// Of the machine's nodes.
  let topology: Topology
  /// The CPUs that the caller may use.
  let allowedCPUs: CPUSet
  /// The caller's node; nil where it is not known.
  let home: Int?
  /// The node task that each thread begins with, the caller first.
  private(set) var seats: [Int]

  init(sizes: [Int], nodes: [Int?], _ machine: Machine, within allowed: CPUSet, home: Int?, threads: Int) {
    self.sizes = sizes
    self.nodes = nodes
    servers = nodes.map { machine.node(serving: $0, within: allowed) }
    cpus = servers.map { machine.cpus(of: $0, within: allowed) }
    topology = machine.topology
    allowedCPUs = allowed
    self.home = home
    seats = Policy.seats(sizes: sizes, nodes: servers, threads: threads, callersNode: home)
  }

  /// Of the whole task.
  var units: Int { sizes.reduce(0, +) }

  /// The node that each helper begins on.
  var helpersNodes: [Int?] { seats.dropFirst().map { servers[$0] } }

  /// Leaves all but the first so many threads out.
  mutating func keep(_ threads: Int) { seats.removeLast(max(0, seats.count - threads)) }
}
