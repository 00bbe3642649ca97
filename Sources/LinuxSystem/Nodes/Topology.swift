/// The machine's nodes, CPUs and cores.
public struct Topology: Sendable, Equatable {
  /// A node: memory, and the CPUs that are near it.
  public struct Node: Sendable, Hashable {
    public let number: Int
    /// Its online CPUs; none on a node of memory alone.
    public let cpus: CPUSet
    /// Its memory in bytes; 0 on a node of CPUs alone, nil where the kernel does not tell.
    public let memoryBytes: Int?

    public init(number: Int, cpus: CPUSet, memoryBytes: Int?) {
      self.number = number
      self.cpus = cpus
      self.memoryBytes = memoryBytes
    }
  }

  /// Something that the kernel may not tell.
  public enum Part: Hashable, Sendable { case onlineCPUs, cores, nodes, memory }

  /// The nodes that have memory or CPUs, in ascending order; none where they are not known.
  public let nodes: [Node]
  /// The CPUs that are switched on, whoever may use them; where that is not known, those that the process may use.
  public let onlineCPUs: CPUSet
  /// The online CPUs, grouped by the physical core whose threads they are; in ascending order. None: not known.
  public let cores: [CPUSet]
  /// What the kernel did not tell, and why.
  public let unread: [Part: Unreadable]
  /// Row and column as in `nodes`.
  private let distances: [[Int]]

  /// A topology made up by a test. `distances` has a row and a column for each of `nodes`, in their order.
  public init(
    nodes: [Node], distances: [[Int]], onlineCPUs: CPUSet, cores: [CPUSet], unread: [Part: Unreadable] = [:]
  ) {
    precondition(zip(nodes, nodes.dropFirst()).allSatisfy { $0.number < $1.number })
    precondition(distances.count == nodes.count && distances.allSatisfy { $0.count == nodes.count })
    self.nodes = nodes
    self.distances = distances
    self.onlineCPUs = onlineCPUs
    self.cores = cores
    self.unread = unread
  }

  /// How far `to`'s memory is from `from`'s CPUs: 10 is local, 20 takes twice as long.
  /// Of nodes that are not there: 10 from itself, 20 from any other, as firmware that says nothing means.
  public func distance(from: Int, to: Int) -> Int {
    guard let row = nodes.firstIndex(where: { $0.number == from }),
      let column = nodes.firstIndex(where: { $0.number == to })
    else { return Self.defaultDistance(from, to) }
    return distances[row][column]
  }

  /// The node that `cpu` belongs to.
  public func node(ofCPU cpu: Int) -> Int? { nodes.first { $0.cpus.contains(cpu) }?.number }

  /// How many physical cores have a thread among `cpus`; nil where the cores are not known.
  public func physicalCores(in cpus: CPUSet) -> Int? {
    unread[.cores] == nil ? cores.count { !$0.intersection(cpus).isEmpty } : nil
  }

  static func defaultDistance(_ from: Int, _ to: Int) -> Int { from == to ? 10 : 20 }
}

extension Topology {
  private static let cpuDirectory = "/sys/devices/system/cpu"
  private static let nodeDirectory = "/sys/devices/system/node"

  /// The machine as it is now (/sys/devices/system).
  public static func current(_ files: SystemFiles = SystemFiles()) -> Topology {
    var unread: [Part: Unreadable] = [:]
    func found<Value>(_ part: Part, _ ask: () throws(Unreadable) -> Value) -> Value? {
      do throws(Unreadable) {
        return try ask()
      } catch {
        unread[part] = error
        return nil
      }
    }
    let online = found(.onlineCPUs) { () throws(Unreadable) in try Self.onlineCPUs(files) } ?? usableCPUs
    let cores = found(.cores) { () throws(Unreadable) in try Self.cores(of: online, files) } ?? []
    let total = found(.memory) { () throws(Unreadable) in try MemoryInfo.current(files).totalBytes }
    var listed: [Int]?
    let nodes =
      found(.nodes) { () throws(Unreadable) -> [Node] in
        listed = try Self.nodeNumbers(files)
        return try Self.nodes(listed, online, total, files)
      } ?? []
    if let lacking = nodes.first(where: { $0.memoryBytes == nil }), unread[.memory] == nil {
      unread[.memory] = Unreadable("\(nodeDirectory)/node\(lacking.number)/meminfo", .isUnclear)
    }
    return Topology(
      nodes: nodes, distances: Self.distances(nodes.map { $0.number }, among: listed, files), onlineCPUs: online,
      cores: cores, unread: unread)
  }

  static func onlineCPUs(_ files: SystemFiles) throws(Unreadable) -> CPUSet {
    let path = cpuDirectory + "/online"
    guard let online = try files.readCPUs(path) else { throw Unreadable(path, .noEntry) }
    if online.isEmpty { throw Unreadable(path, .isUnclear) }
    return online
  }

  /// What a machine that does not tell has at least.
  private static var usableCPUs: CPUSet {
    do throws(Unreadable) {
      return try CPUSet.allowed()
    } catch {
      return CPUSet([CPUSet.current()])
    }
  }

  /// `online`, grouped by core (/sys/devices/system/cpu/cpu*/topology); the only CPU is a core by itself.
  public static func cores(
    of online: CPUSet, _ files: SystemFiles = SystemFiles()
  ) throws(Unreadable) -> [CPUSet] {
    var cores: [CPUSet] = []
    var left = online
    while let cpu = left.first {
      let siblings = online.count > 1 ? try siblings(of: cpu, files) : online
      let core = siblings.intersection(left).union(CPUSet([cpu]))
      cores.append(core)
      left = left.subtracting(core)
    }
    return cores
  }

  private static func siblings(of cpu: Int, _ files: SystemFiles) throws(Unreadable) -> CPUSet {
    // kernels before 5.3 know only the second name
    for name in ["core_cpus_list", "thread_siblings_list"] {
      if let siblings = try files.readCPUs("\(cpuDirectory)/cpu\(cpu)/topology/\(name)") { return siblings }
    }
    throw Unreadable("\(cpuDirectory)/cpu\(cpu)/topology", .isUnclear)
  }
}

/// Nodes. They are read where libnuma reads them, which takes what it cannot read for what is not there.
extension Topology {
  /// Those that are listed, ascending; nil: a kernel without NUMA support. One that has it lists one at least.
  static func nodeNumbers(_ files: SystemFiles) throws(Unreadable) -> [Int]? {
    guard let numbers = try files.numbers(in: nodeDirectory, after: "node") else { return nil }
    if numbers.isEmpty { throw Unreadable(nodeDirectory, .isUnclear) }
    return numbers
  }

  /// Without NUMA support in the kernel, node 0 has everything.
  private static func nodes(
    _ listed: [Int]?, _ online: CPUSet, _ total: Int?, _ files: SystemFiles
  ) throws(Unreadable) -> [Node] {
    guard let numbers = listed else { return [Node(number: 0, cpus: online, memoryBytes: total)] }
    var nodes: [Node] = []
    for number in numbers {
      if let node = try node(number, files) { nodes.append(node) }
    }
    // memory plugged in while the machine runs is missing from a node's own count: one node has all there is
    if nodes.count == 1 { return [Node(number: nodes[0].number, cpus: nodes[0].cpus, memoryBytes: total)] }
    if nodes.isEmpty { throw Unreadable(nodeDirectory, .isUnclear) }
    return nodes
  }

  /// nil: there is nothing on it, or it has gone.
  private static func node(_ number: Int, _ files: SystemFiles) throws(Unreadable) -> Node? {
    let path = "\(nodeDirectory)/node\(number)"
    guard let cpus = try files.readCPUs(path + "/cpulist") else { return nil }
    let memory = NodeMemory.totalBytes(of: number, files)
    return memory == 0 && cpus.isEmpty ? nil : Node(number: number, cpus: cpus, memoryBytes: memory)
  }

  /// As firmware says them; a machine that does not tell has them all alike.
  private static func distances(_ nodes: [Int], among all: [Int]?, _ files: SystemFiles) -> [[Int]] {
    nodes.map { from in
      let text = (try? files.read("\(nodeDirectory)/node\(from)/distance")) ?? nil
      let row = text.map { $0.split(separator: " ").compactMap { Int($0) } }
      return nodes.map { to in
        guard let all, let row, row.count == all.count, let column = all.firstIndex(of: to), row[column] > 0 else {
          return defaultDistance(from, to)
        }
        return row[column]
      }
    }
  }
}
