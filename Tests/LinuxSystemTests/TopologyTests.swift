import LinuxSystem
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
    let tree = try FileTree.of([
      cpus + "/cpu0/topology/core_cpus_list": "0,2\n",
      cpus + "/cpu2/topology/core_cpus_list": "0,2\n",
      cpus + "/cpu1/topology/thread_siblings_list": "1,3\n",
    ])
    let cores = Topology.cores(of: CPUSet([0, 1, 2, 5]), tree.files)
    #expect(cores == [CPUSet([0, 2]), CPUSet([1]), CPUSet([5])])
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
    #expect(topology.nodes.contains { $0.memoryBytes > 0 })
    for node in topology.nodes { #expect(topology.distance(from: node.number, to: node.number) == 10) }
  }
}
