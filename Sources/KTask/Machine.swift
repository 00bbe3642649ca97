public import LinuxSystem

/// The CPUs, nodes and quota that the policy reckons with: of the machine, or made up by a test.
public struct Machine: Sendable {
  public var topology: Topology
  /// CPUs' worth of time that the cgroup may use; nil without a quota.
  public var cpuQuota: Double?
  /// The CPUs of the cgroup's cpuset; nil without one.
  public var cpuset: CPUSet?
  /// The CPU that is set to save energy, and the setting that says so; nil if none is.
  public var savesEnergy: String?
  /// The CPUs that the caller may use; nil: ask the kernel at every task.
  public var allowedCPUs: CPUSet?

  public init(
    topology: Topology, cpuQuota: Double? = nil, cpuset: CPUSet? = nil, savesEnergy: String? = nil,
    allowedCPUs: CPUSet? = nil
  ) {
    self.topology = topology
    self.cpuQuota = cpuQuota
    self.cpuset = cpuset
    self.savesEnergy = savesEnergy
    self.allowedCPUs = allowedCPUs
  }

  /// This machine, asked once a process: reading it costs more than a small task. The caller's CPUs are asked anew.
  public static let shared = Machine.current()

  /// What `files` tell; the topology is the kernel's own.
  public static func current(_ files: SystemFiles = SystemFiles()) -> Machine {
    let group = ControlGroup.current(files)
    let topology = Topology.current()
    // one that leaves all CPUs bounds nothing
    let cpuset = group.cpuset.flatMap { topology.onlineCPUs.subtracting($0).isEmpty ? nil : $0 }
    let energy = PowerPolicy.current(files).energyConscious
    return Machine(
      topology: topology, cpuQuota: group.cpuQuota, cpuset: cpuset,
      savesEnergy: energy.map { "CPU \($0.cpu): \($0.reason)" })
  }

  func callersCPUs() -> CPUSet {
    if let allowedCPUs { return allowedCPUs }
    return (try? CPUSet.allowed()) ?? topology.onlineCPUs
  }

  /// The node whose CPUs serve `node`: the node itself where the caller may use some of its CPUs, else the nearest one
  /// that has such CPUs. nil for no node, and where there are none.
  func node(serving node: Int?, within allowed: CPUSet) -> Int? {
    guard let node else { return nil }
    let servers = topology.nodes.filter { !$0.cpus.intersection(allowed).isEmpty }
    return servers.map(\.number).min {
      (topology.distance(from: node, to: $0), $0) < (topology.distance(from: node, to: $1), $1)
    }
  }

  /// Where threads that serve `node` run: those of its server's CPUs that the caller may use. nil for no node.
  func cpus(serving node: Int?, within allowed: CPUSet) -> CPUSet? {
    let server = self.node(serving: node, within: allowed)
    return topology.nodes.first { $0.number == server }?.cpus.intersection(allowed)
  }
}
