import LinuxSystem
import TestSupport

@testable import KTask

/// Machines and tasks made from a seed: up to eight nodes of up to sixteen CPUs, some without any, at random distances;
/// node tasks of unequal sizes, empty ones among them, of any node, of one that is not there, and of none.
struct RandomMachine {
  var machine: Machine
  var nodeTasks: [NodeTask<Int>] = []
  var threads: Int
  var nodeLimits: [Int: Int] = [:]
  var limit: Int
  var random: SplitMix64

  /// `regular`: eight nodes of sixteen CPUs each.
  init(seed: Int, regular: Bool) {
    random = SplitMix64(seed: seed)
    let count = regular ? 8 : random.number(1...8)
    var cpus: [CPUSet] = []
    var next = 0
    for node in 0..<count {
      // the CPUs that the tests really run on are node 0's
      let own = regular ? 16 : node == 0 ? 16 : random.number(0...3) == 0 ? 0 : random.number(1...16)
      cpus.append(CPUSet(next..<next + own))
      next += own
    }
    let topology = Topology(
      nodes: cpus.enumerated().map { .init(number: $0, cpus: $1, memoryBytes: 1 << 30) },
      distances: Self.distances(count, &random), onlineCPUs: CPUSet(0..<next), cores: cpus)
    machine = Machine(topology: topology, allowedCPUs: topology.onlineCPUs)
    threads = random.number(1...min(next, 40))
    limit = Policy.helperLimit(cpus: next)
    for (node, own) in cpus.enumerated() { nodeLimits[node] = Policy.helperLimit(cpus: own.count) }
    for _ in 0..<random.number(1...12) { addNodeTask(nodes: count) }
  }

  private static func distances(_ count: Int, _ random: inout SplitMix64) -> [[Int]] {
    var distances = Array(repeating: Array(repeating: 10, count: count), count: count)
    for from in 0..<count {
      for to in 0..<from {
        distances[from][to] = random.one(of: [12, 16, 20, 20, 21, 31, 40])
        distances[to][from] = distances[from][to]
      }
    }
    return distances
  }

  private mutating func addNodeTask(nodes: Int) {
    let start = nodeTasks.last.map { $0.start + $0.size } ?? 0
    let size = random.number(0...3) == 0 ? 0 : random.number(1...random.one(of: [3, 30, 100]))
    let node: Int? = random.number(0...5) == 0 ? nil : random.number(0...nodes - 1)
    nodeTasks.append(NodeTask(start: start, size: size, node: node))
  }

  var size: Int { nodeTasks.reduce(0) { $0 + $1.size } }
  var budget: HelperBudget { HelperBudget(limit: limit, nodeLimits: nodeLimits) }
  func nodeTask(of unit: Int) -> Int { nodeTasks.firstIndex { $0.units.contains(unit) }! }

  /// From a node, which may be none, to a node task's memory.
  func distance(from here: Int?, to task: Int) -> Int {
    guard let here, let there = nodeTasks[task].node else { return 0 }
    return machine.topology.distance(from: here, to: there)
  }

  /// Where a thread that is at a node goes on, told in another way than the policy's: by sorting.
  func nextNodeTask(from here: Int?, _ left: [Int]) -> Int? {
    let open = left.indices.filter { left[$0] > 0 }
    let nearest = open.map { distance(from: here, to: $0) }.min()
    let near = open.filter { distance(from: here, to: $0) == nearest }
    let most = near.map { left[$0] }.max()
    return near.first { left[$0] == most }
  }
}
