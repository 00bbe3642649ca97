import LinuxSystem
import Testing

@testable import KTask

/// The rules for nodes on machines larger than this one: eight nodes of sixteen CPUs, and less even ones.
@Suite("Rules for nodes")
struct NodeRulesTests {
  static let eight = Machine.madeUp((0..<8).map { CPUSet(16 * $0..<16 * ($0 + 1)) })

  /// Sizes of the node tasks, threads, seats for each node task.
  static let seatTable: [([Int], Int, [Int])] = [
    ([90, 90, 90, 90, 90, 90, 90, 90], 128, [16, 16, 16, 16, 16, 16, 16, 16]),
    ([90, 90, 90, 90, 90, 90, 90, 90], 103, [13, 13, 13, 13, 13, 13, 13, 12]),
    ([90, 90, 90, 90, 90, 90, 90, 90], 8, [1, 1, 1, 1, 1, 1, 1, 1]),
    ([90, 90, 90, 90, 90, 90, 90, 90], 3, [1, 1, 1, 0, 0, 0, 0, 0]),
    ([8000, 1, 1, 1, 1, 1, 1, 1], 128, [121, 1, 1, 1, 1, 1, 1, 1]),
    ([700, 0, 100, 0, 0, 0, 0, 0], 16, [14, 0, 2, 0, 0, 0, 0, 0]),
    ([0, 0, 0, 0, 0, 0, 0, 5], 64, [0, 0, 0, 0, 0, 0, 0, 64]),
    ([100, 200, 300, 400, 500, 600, 700, 800], 36, [1, 2, 3, 4, 5, 6, 7, 8]),
  ]

  @Test("seats go to node tasks in proportion to their sizes, and every one with work gets one", arguments: seatTable)
  func seats(sizes: [Int], threads: Int, expected: [Int]) {
    let nodes = (0..<8).map { Optional($0) }
    let seats = Policy.seats(sizes: sizes, nodes: nodes, threads: threads, callersNode: nil)
    let found = sizes.indices.map { index in seats.count { $0 == index } }
    // equal shares go either way
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1 }, "\(found)")
    #expect(found.reduce(0, +) == threads)
    if threads >= sizes.count(where: { $0 > 0 }) {
      #expect(zip(found, sizes).allSatisfy { ($0 > 0) == ($1 > 0) }, "\(found)")
    }
  }

  @Test("four fifths of 128 CPUs may help, and of each node's 16; the others run anywhere")
  func limits() {
    let budget = HelperBudget(
      limit: Policy.helperLimit(cpus: 128),
      nodeLimits: Dictionary(uniqueKeysWithValues: (0..<8).map { ($0, Policy.helperLimit(cpus: 16)) }))
    var permits: [HeldPermit] = []
    for index in 0..<200 {
      guard let permit = budget.heldPermit(on: index % 8) else { break }
      permits.append(permit)
    }
    #expect(permits.count == 102)
    #expect((0..<8).map { budget.running(on: $0) } == Array(repeating: 12, count: 8))
    #expect(permits.count { $0.node == nil } == 6)
    #expect(permits.prefix(96).allSatisfy { $0.node != nil })
    permits = []
    #expect(budget.running() == 0)
  }
}

/// Which CPUs serve a node.
extension NodeRulesTests {
  /// Memory alone on nodes 2 and 5; the distances of a node are given from itself to 0, 1, 2 …
  static let withoutCPUs: Machine = {
    let cpus = [CPUSet(0..<4), CPUSet(4..<8), CPUSet(), CPUSet(8..<16), CPUSet(16..<18), CPUSet()]
    let distances = [
      [10, 20, 40, 40, 40, 40], [20, 10, 30, 40, 40, 40], [40, 30, 10, 21, 21, 12], [40, 40, 21, 10, 20, 30],
      [40, 40, 21, 20, 10, 30], [40, 40, 12, 30, 30, 10],
    ]
    let topology = Topology(
      nodes: cpus.enumerated().map { .init(number: $0, cpus: $1, memoryBytes: 1 << 30) }, distances: distances,
      onlineCPUs: CPUSet(0..<18), cores: cpus)
    return Machine(topology: topology, allowedCPUs: topology.onlineCPUs)
  }()

  @Test(
    "a node is served by its own CPUs, without any by the nearest's, among equals by the lower number's",
    arguments: [
      // node, the caller's CPUs, the node that serves it, its CPUs
      (0, "0-17", 0, "0-3"), (1, "0-17", 1, "4-7"), (2, "0-17", 3, "8-15"), (5, "0-17", 3, "8-15"),
      (2, "0-7,16", 4, "16"), (5, "0-7", 0, "0-3"), (2, "0-7", 1, "4-7"), (3, "9", 3, "9"),
      (3, "0-7,16-17", 4, "16-17"),
      (0, "17", 4, "17"), (4, "0-3", 0, "0-3"), (7, "0-17", 0, "0-3"),
    ] as [(Int, String, Int, String)])
  func serving(node: Int, allowed: String, server: Int, cpus: String) throws {
    let allowed = try #require(CPUSet(list: allowed))
    #expect(Self.withoutCPUs.node(serving: node, within: allowed) == server)
    #expect(Self.withoutCPUs.cpus(of: server, within: allowed)?.description == cpus)
  }

  @Test("no node in particular is served by all")
  func servingNone() {
    #expect(Self.eight.node(serving: nil, within: CPUSet([1])) == nil)
    #expect(Self.eight.cpus(of: nil, within: CPUSet([1])) == nil)
    #expect(Self.eight.node(serving: 3, within: CPUSet()) == nil)
  }

  /// Two real CPUs on nodes 0 and 1, and a node 2 without any that is nearer to 1.
  private static let memoryNode: Machine = {
    let cpus = TwoCPUs.machine.topology.nodes.map(\.cpus) + [CPUSet()]
    let topology = Topology(
      nodes: cpus.enumerated().map { .init(number: $0, cpus: $1, memoryBytes: 1 << 30) },
      distances: [[10, 20, 30], [20, 10, 12], [30, 12, 10]], onlineCPUs: cpus[0].union(cpus[1]), cores: cpus)
    return Machine(topology: topology, allowedCPUs: topology.onlineCPUs)
  }()

  @Test("helpers for a node without CPUs run on the nearest's, and take a permit there", TwoCPUs.needed)
  func helpersForMemoryNode() throws {
    let budget = HelperBudget(limit: 4, nodeLimits: [0: 4, 1: 4, 2: 0])
    let everyone = Rendezvous(2)
    let places = Guarded<[CPUSet?]>([])
    let outcome = try TwoCPUs.onNode0 {
      let caller = DetachedThread.currentID
      let work = RecordedWork { _ in
        if DetachedThread.currentID != caller {
          let cpus = try? CPUSet.allowed()
          places.withLock { $0 += [cpus, budget.running(on: 1) == 1 ? CPUSet([1]) : nil] }
        }
        everyone.meet()
      }
      var control = TaskControl.madeUp(threads: .exactly(2), machine: Self.memoryNode, budget: budget)
      control.maximumChunk = 1
      return try control.run(work, nodeTasks: [.init(start: 0, size: 2, node: 2)])
    }
    #expect(outcome.threads.map(\.node) == [nil, 1])
    #expect(places.withLock { Array($0.prefix(2)) } == [TwoCPUs.all[1], CPUSet([1])])
  }
}
