import LinuxSystem
import TestSupport
import Testing

@Suite("The topology")
struct TopologyTests {
  /// Two nodes with two cores of two threads each, and one of memory alone.
  private let made = Topology(
    nodes: [
      .init(number: 0, cpus: CPUSet([0, 1, 4, 5]), memoryBytes: 1 << 30),
      .init(number: 1, cpus: CPUSet([2, 3, 6, 7]), memoryBytes: 0),
      .init(number: 4, cpus: CPUSet(), memoryBytes: 4 << 30),
    ],
    distances: [[10, 21, 30], [21, 10, 31], [30, 31, 10]], onlineCPUs: CPUSet(0...7),
    cores: [CPUSet([0, 4]), CPUSet([1, 5]), CPUSet([2, 6]), CPUSet([3, 7])])

  @Test("knows a CPU's node", arguments: [(0, 0), (5, 0), (7, 1), (8, nil)])
  func nodes(cpu: Int, node: Int?) {
    #expect(made.node(ofCPU: cpu) == node)
  }

  @Test(
    "knows how far nodes are apart, and guesses where it does not",
    arguments: [
      (0, 0, 10), (0, 4, 30), (4, 1, 31), (2, 2, 10), (0, 2, 20),
    ])
  func distances(from: Int, to: Int, distance: Int) {
    #expect(made.distance(from: from, to: to) == distance)
  }

  @Test(
    "counts physical cores, not their threads",
    arguments: [
      ("0-7", 4), ("0,4", 1), ("0,4,5", 2), ("0-3", 4), ("", 0), ("64", 0),
    ])
  func cores(list: String, count: Int) throws {
    #expect(made.physicalCores(in: try #require(CPUSet(list: list))) == count)
  }

  @Test("groups CPUs into cores by what the kernel says of siblings, under its new name or its old one")
  func siblings() throws {
    let cpus = "/sys/devices/system/cpu"
    let tree = try FileTree([
      cpus + "/cpu0/topology/core_cpus_list": "0,2\n",
      cpus + "/cpu2/topology/core_cpus_list": "0,2\n",
      cpus + "/cpu1/topology/thread_siblings_list": "1,3\n", "/sys/kernel/notes": "",
      cpus + "/cpu5/topology/core_cpus_list": "5\n",
    ])
    let cores = try Topology.cores(of: CPUSet([0, 1, 2, 5]), tree.files)
    #expect(cores == [CPUSet([0, 2]), CPUSet([1]), CPUSet([5])])
    // of one that tells of no siblings it is not known whether it has any, but for the only one
    #expect(throws: Unreadable(cpus + "/cpu6/topology", .isUnclear)) {
      try Topology.cores(of: CPUSet([0, 6]), tree.files)
    }
    #expect(try Topology.cores(of: CPUSet([6]), tree.files) == [CPUSet([6])])
  }

  @Test("of this machine holds together")
  func current() throws {
    let topology = Topology.current()
    let everyCore = topology.cores.reduce(CPUSet()) { $0.union($1) }
    let everyNode = topology.nodes.reduce(CPUSet()) { $0.union($1.cpus) }
    #expect(everyCore == topology.onlineCPUs)
    #expect(everyNode == topology.onlineCPUs)
    #expect(topology.physicalCores(in: topology.onlineCPUs) == topology.cores.count)
    #expect(try CPUSet.allowed().subtracting(topology.onlineCPUs).isEmpty)
    #expect(topology.nodes.contains { $0.memoryBytes.map { $0 > 0 } == true })
    for node in topology.nodes { #expect(topology.distance(from: node.number, to: node.number) == 10) }
  }

  private static func machine(_ files: [String: String]) throws -> FileTree {
    try FileTree(files.merging(["/sys/kernel/notes": "", "/proc/self/stat": ""]) { first, _ in first })
  }

  private static let system = "/sys/devices/system"

  @Test("is read of the nodes that are there, whatever their numbers and distances")
  func nodes() throws {
    let node = Self.system + "/node/node"
    let tree = try Self.machine([
      Self.system + "/cpu/online": "0-3\n", "/proc/meminfo": "MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable: 1 kB\n",
      node + "0/cpulist": "0-1\n", node + "0/meminfo": "Node 0 MemTotal: 4 kB\n", node + "0/distance": "10 17 21\n",
      node + "2/cpulist": "\n", node + "2/meminfo": "Node 2 MemTotal: 0 kB\n", node + "2/distance": "17 10 28\n",
      node + "5/cpulist": "2-3\n", node + "5/meminfo": "Node 5 MemTotal: 5 kB\n", node + "5/distance": "21 28 10\n",
    ])
    for cpu in 0...3 { try tree.write(Self.system + "/cpu/cpu\(cpu)/topology/core_cpus_list", "\(cpu)\n") }
    let topology = Topology.current(tree.files)
    #expect(topology.nodes.map(\.number) == [0, 5])
    #expect(topology.nodes.map(\.memoryBytes) == [4096, 5120])
    #expect(topology.nodes.map(\.cpus) == [CPUSet([0, 1]), CPUSet([2, 3])])
    #expect(topology.distance(from: 5, to: 0) == 21)
    #expect(topology.unread.isEmpty)
  }

  @Test("that lists no node has none, and says that it is not known")
  func noNodes() throws {
    let tree = try Self.machine([Self.system + "/cpu/online": "0-3\n", Self.system + "/node/possible": "0\n"])
    let topology = Topology.current(tree.files)
    #expect(topology.nodes.isEmpty)
    #expect(topology.unread[.nodes] == Unreadable(Self.system + "/node", .isUnclear))
    #expect(throws: Unreadable(Self.system + "/node", .isUnclear)) { try NodeMemory.all(tree.files) }
    #expect(topology.unread[.memory] == Unreadable("/proc/meminfo", .noEntry))
    #expect(topology.onlineCPUs == CPUSet(0...3))
  }

  @Test("of a kernel without nodes is one that has everything")
  func noNUMA() throws {
    let tree = try Self.machine([
      Self.system + "/cpu/online": "0-3\n", "/proc/meminfo": "MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable: 1 kB\n",
    ])
    #expect(Topology.current(tree.files).nodes == [.init(number: 0, cpus: CPUSet(0...3), memoryBytes: 9 << 10)])
  }

  @Test("of a machine that tells nothing is made of what this process may use, and nothing of it is said to be known")
  func nothing() throws {
    let tree = try FileTree()
    let topology = Topology.current(tree.files)
    #expect(Set(topology.unread.keys) == [.onlineCPUs, .cores, .nodes, .memory])
    #expect(try topology.onlineCPUs == CPUSet.allowed())
    #expect(topology.physicalCores(in: topology.onlineCPUs) == nil)
  }

  @Test("with files that no kernel writes is not known", arguments: ["", "x", "0-70000", "3-1"])
  func nonsense(list: String) throws {
    let tree = try Self.machine([
      Self.system + "/cpu/online": list + "\n", Self.system + "/node/node0/cpulist": list,
    ])
    let topology = Topology.current(tree.files)
    #expect(topology.unread[.onlineCPUs] == Unreadable(Self.system + "/cpu/online", .isUnclear))
    #expect(topology.unread[.nodes] == Unreadable(Self.system + "/node/node0/cpulist", .isUnclear))
  }
}
