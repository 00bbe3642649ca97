package import LinuxSystem

/// The CPUs, nodes and quota that the policy reckons with: of the machine, or made up by a test.
public struct Machine: Sendable {
  /// Nodes, CPUs and cores.
  package var topology: Topology
  /// CPUs' worth of time that the cgroup may use; nil without a quota.
  public var cpuQuota: Double?
  /// The CPUs of the cgroup's cpuset; nil without one.
  package var cpuset: CPUSet?
  /// The CPU that is set to save energy, and the setting that says so; nil if none is.
  public var savesEnergy: String?
  /// The CPUs that the caller may use; nil: ask the kernel at every task.
  package var allowedCPUs: CPUSet?
  /// Bounds of which the kernel does not tell. They bound nothing, and are named.
  public var unknownBounds: [UnknownBound]

  package init(
    topology: Topology, cpuQuota: Double? = nil, cpuset: CPUSet? = nil, savesEnergy: String? = nil,
    allowedCPUs: CPUSet? = nil, unknownBounds: [UnknownBound] = []
  ) {
    self.topology = topology
    self.cpuQuota = cpuQuota
    self.cpuset = cpuset
    self.savesEnergy = savesEnergy
    self.allowedCPUs = allowedCPUs
    self.unknownBounds = unknownBounds
  }

  /// This machine, as it is or was a moment ago (`MachineWatch`).
  public static var shared: Machine { MachineWatch.shared.current() }

  /// What `files` tell.
  package static func current(_ files: SystemFiles = SystemFiles()) -> Machine {
    var machine = Machine(topology: Topology.current(files))
    machine.askControlGroup(files)
    let policy = machine.ask(.powerPolicy) { () throws(Unreadable) in try PowerPolicy.current(files) }
    machine.savesEnergy = policy?.energyConscious.map { "CPU \($0.cpu): \($0.reason)" }
    if let unread = machine.topology.unread[.cores] {
      machine.unknownBounds.append(UnknownBound(.physicalCores, unread))
    }
    return machine
  }

  /// Asks anew what a control group allows, which may change at any time.
  mutating func askControlGroup(_ files: SystemFiles) {
    unknownBounds.removeAll { $0.what == .cpuQuota || $0.what == .cpuset }
    let group = ControlGroup.current(files)
    cpuQuota = ask(.cpuQuota) { () throws(Unreadable) in try group.cpuQuota } ?? nil
    if let hidden = group.hiddenQuotas { unknownBounds.append(UnknownBound(.cpuQuota, hidden)) }
    let cpuset = ask(.cpuset) { () throws(Unreadable) in try group.cpuset } ?? nil
    // one that leaves all CPUs bounds nothing
    self.cpuset = cpuset.flatMap { topology.onlineCPUs.subtracting($0).isEmpty ? nil : $0 }
  }

  private mutating func ask<Value>(_ what: Bound.What, _ ask: () throws(Unreadable) -> Value) -> Value? {
    do throws(Unreadable) {
      return try ask()
    } catch {
      unknownBounds.append(UnknownBound(what, error))
      return nil
    }
  }

  /// The CPUs that the caller may use, and which bound they are: all that are online where the kernel does not tell.
  func callersCPUs() -> (cpus: CPUSet, bound: Bound.What) {
    if let allowedCPUs { return (allowedCPUs, .allowedCPUs) }
    do throws(Unreadable) {
      return (try CPUSet.allowed(), .allowedCPUs)
    } catch {
      return (topology.onlineCPUs, .onlineCPUs)
    }
  }

  /// The node whose CPUs serve `node`: the node itself where the caller may use some of its CPUs, else the nearest one
  /// that has such CPUs. nil for no node, and where there are none.
  func node(serving node: Int?, within allowed: CPUSet) -> Int? {
    guard let node else { return nil }
    // mostly it is: nothing is allocated to find that out
    if topology.nodes.contains(where: { $0.number == node && $0.cpus.intersects(allowed) }) { return node }
    let servers = topology.nodes.filter { !$0.cpus.intersection(allowed).isEmpty }
    return servers.map { $0.number }.min {
      (topology.distance(from: node, to: $0), $0) < (topology.distance(from: node, to: $1), $1)
    }
  }

  /// Where threads that a node serves run: those of its CPUs that the caller may use. nil for no node.
  func cpus(of server: Int?, within allowed: CPUSet) -> CPUSet? {
    guard let server else { return nil }
    return topology.nodes.first { $0.number == server }?.cpus.intersection(allowed)
  }
}

/// Something that may limit the thread count, and of which the kernel does not tell.
public struct UnknownBound: Hashable, Sendable {
  /// Which it is.
  public var what: Bound.What
  /// What was asked, and the kernel's error.
  package var why: Unreadable

  package init(_ what: Bound.What, _ why: Unreadable) {
    self.what = what
    self.why = why
  }
}
