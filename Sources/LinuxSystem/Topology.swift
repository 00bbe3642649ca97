internal import CNuma

/// The machine's nodes, CPUs and cores.
public struct Topology: Sendable, Equatable {
  /// A node: memory, and the CPUs that are near it.
  public struct Node: Sendable, Hashable {
    public let number: Int
    /// Its online CPUs; none on a node of memory alone.
    public let cpus: CPUSet
    /// Its memory in bytes; 0 on a node of CPUs alone.
    public let memoryBytes: Int

    public init(number: Int, cpus: CPUSet, memoryBytes: Int) {
      self.number = number
      self.cpus = cpus
      self.memoryBytes = memoryBytes
    }
  }

  /// The nodes that have memory or CPUs, in ascending order.
  public let nodes: [Node]
  /// The CPUs that are switched on, whoever may use them.
  public let onlineCPUs: CPUSet
  /// The online CPUs, grouped by the physical core whose threads they are; in ascending order.
  public let cores: [CPUSet]
  /// Row and column as in `nodes`.
  private let distances: [[Int]]

  /// A topology made up by a test. `distances` has a row and a column for each of `nodes`, in their order.
  public init(nodes: [Node], distances: [[Int]], onlineCPUs: CPUSet, cores: [CPUSet]) {
    precondition(zip(nodes, nodes.dropFirst()).allSatisfy { $0.number < $1.number })
    precondition(distances.count == nodes.count && distances.allSatisfy { $0.count == nodes.count })
    self.nodes = nodes
    self.distances = distances
    self.onlineCPUs = onlineCPUs
    self.cores = cores
  }

  /// How far `to`'s memory is from `from`'s CPUs: 10 is local, 20 takes twice as long (numa_distance(3)).
  /// Of nodes that are not there: 10 from itself, 20 from any other, as firmware that says nothing means.
  public func distance(from: Int, to: Int) -> Int {
    guard let row = nodes.firstIndex(where: { $0.number == from }),
      let column = nodes.firstIndex(where: { $0.number == to })
    else { return Self.defaultDistance(from, to) }
    return distances[row][column]
  }

  /// The node that `cpu` belongs to.
  public func node(ofCPU cpu: Int) -> Int? { nodes.first { $0.cpus.contains(cpu) }?.number }

  /// How many physical cores have a thread among `cpus`.
  public func physicalCores(in cpus: CPUSet) -> Int {
    cores.count { !$0.intersection(cpus).isEmpty }
  }

  static func defaultDistance(_ from: Int, _ to: Int) -> Int { from == to ? 10 : 20 }
}

extension Topology {
  /// The machine as it is now, from libnuma (numa(3)) and /sys/devices/system/cpu. Without NUMA support in the
  /// kernel, node 0 has everything.
  public static func current() -> Topology {
    let files = SystemFiles()
    let online = onlineCPUs(files)
    let cores = cores(of: online, files)
    let total = MemoryInfo.current(files)?.totalBytes ?? 0
    guard let nodes = numaNodes(total) else {
      let node = Node(number: 0, cpus: online, memoryBytes: total)
      return Topology(nodes: [node], distances: [[10]], onlineCPUs: online, cores: cores)
    }
    let distances = nodes.map { from in nodes.map { to in numaDistance(from.number, to.number) } }
    return Topology(nodes: nodes, distances: distances, onlineCPUs: online, cores: cores)
  }

  /// The online CPUs of `files`, or those the process may use if they do not tell.
  private static func onlineCPUs(_ files: SystemFiles) -> CPUSet {
    if let list = files.text("/sys/devices/system/cpu/online"), let online = CPUSet(list: list) {
      return online
    }
    return (try? CPUSet.allowed()) ?? CPUSet([0])
  }

  /// `online`, grouped by core (/sys/devices/system/cpu/cpu*/topology); a CPU that does not tell its siblings is
  /// a core by itself.
  public static func cores(of online: CPUSet, _ files: SystemFiles = SystemFiles()) -> [CPUSet] {
    var cores: [CPUSet] = []
    var left = online
    while let cpu = left.first {
      let core = siblings(of: cpu, files).intersection(left).union(CPUSet([cpu]))
      cores.append(core)
      left = left.subtracting(core)
    }
    return cores
  }

  private static func siblings(of cpu: Int, _ files: SystemFiles) -> CPUSet {
    let directory = "/sys/devices/system/cpu/cpu\(cpu)/topology"
    // Kernels before 5.3 know only the second name.
    let list = files.text(directory + "/core_cpus_list") ?? files.text(directory + "/thread_siblings_list")
    return list.flatMap(CPUSet.init(list:)) ?? CPUSet()
  }
}

/// What libnuma tells. Once numa_available(3) has answered, these calls only read.
extension Topology {
  /// The nodes with memory or CPUs; nil where the kernel has no NUMA support.
  private static func numaNodes(_ total: Int) -> [Node]? {
    guard numa_available() >= 0 else { return nil }
    let nodes = (0...numa_max_node()).compactMap(numaNode)
    // memory plugged in while the machine runs is missing from a node's own count: one node has all there is
    if nodes.count == 1 { return [Node(number: nodes[0].number, cpus: nodes[0].cpus, memoryBytes: total)] }
    return nodes.isEmpty ? nil : nodes
  }

  /// Node `number`, if there is one (numa_node_size64(3), numa_node_to_cpus(3)).
  private static func numaNode(_ number: Int32) -> Node? {
    let memory = numa_node_size64(number, nil)
    guard memory >= 0 else { return nil }
    let cpus = numaCPUs(of: number)
    if memory == 0 && cpus.isEmpty { return nil }
    return Node(number: Int(number), cpus: cpus, memoryBytes: Int(memory))
  }

  private static func numaCPUs(of node: Int32) -> CPUSet {
    guard let mask = unsafe numa_allocate_cpumask() else { return CPUSet() }
    defer { unsafe numa_bitmask_free(mask) }
    guard unsafe numa_node_to_cpus(node, mask) == 0 else { return CPUSet() }
    let size = unsafe Int(mask.pointee.size)
    return CPUSet((0..<size).filter { unsafe numa_bitmask_isbitset(mask, UInt32($0)) != 0 })
  }

  /// numa_distance(3), which says 0 when it does not know.
  private static func numaDistance(_ from: Int, _ to: Int) -> Int {
    let distance = Int(numa_distance(Int32(from), Int32(to)))
    return distance > 0 ? distance : defaultDistance(from, to)
  }
}
