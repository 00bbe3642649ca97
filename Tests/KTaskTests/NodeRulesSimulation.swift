import LinuxSystem
import Testing

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

  /// Where a thread that is at a node goes on, told in another way than the policy's: by sorting.
  func nextNodeTask(from here: Int?, _ left: [Int]) -> Int? {
    func distance(_ task: Int) -> Int {
      guard let here, let there = nodeTasks[task].node else { return 0 }
      return machine.topology.distance(from: here, to: there)
    }
    return left.indices.filter { left[$0] > 0 }.min { (distance($0), -left[$0], $0) < (distance($1), -left[$1], $1) }
  }
}

@Suite("Rules for nodes, simulated")
struct NodeRulesSimulation {
  /// A thread of a simulated task: the caller has no place.
  private struct Walker {
    var nodeTask: Int
    var place: SlotInArray?
    var time: Int
    /// Slow ones and fast ones.
    var pace: Int
  }

  /// The policy and the budget, with threads that are numbers: each takes a unit in its turn, and moves when its node
  /// task has none left.
  @Test("threads move by the rules, limits hold at every moment, and nothing is left", arguments: 0..<400)
  func threads(seed: Int) throws {
    var made = RandomMachine(seed: seed, regular: seed % 2 == 0)
    let budget = made.budget
    let allowed = made.machine.topology.onlineCPUs
    let serving = made.nodeTasks.map { made.machine.node(serving: $0.node, within: allowed) }
    let seats = Policy.seats(
      sizes: made.nodeTasks.map(\.size), nodes: serving, threads: made.threads, callersNode: 0)
    var walkers: [Walker] = []
    for (index, seat) in seats.enumerated() {
      var place: SlotInArray?
      if index > 0 {
        guard let slot = budget.slot(on: serving[seat]) else { break }
        place = SlotInArray(slot)
      }
      walkers.append(Walker(nodeTask: seat, place: place, time: 0, pace: made.random.number(1...9)))
    }
    #expect(walkers.count == min(seats.count, made.limit + 1))

    var left = made.nodeTasks.map(\.size)
    var isDone = Array(repeating: false, count: walkers.count)
    while let turn = walkers.indices.filter({ !isDone[$0] }).min(by: { walkers[$0].time < walkers[$1].time }) {
      walkers[turn].time += walkers[turn].pace
      if left[walkers[turn].nodeTask] > 0 {
        left[walkers[turn].nodeTask] -= 1
        continue
      }
      let here = turn == 0 ? 0 : serving[walkers[turn].nodeTask]
      let next = Policy.nextNodeTask(
        count: left.count, remaining: { left[$0] },
        distance: { task in
          guard let here, let there = made.nodeTasks[task].node else { return 0 }
          return made.machine.topology.distance(from: here, to: there)
        })
      #expect(next == made.nextNodeTask(from: here, left))
      guard let next else {
        isDone[turn] = true
        continue
      }
      walkers[turn].nodeTask = next
      move(walkers[turn].place, to: serving[next], budget, made)
    }
    #expect(left.allSatisfy { $0 == 0 })
    #expect(budget.running() == walkers.count - 1)
    walkers = []
    #expect(budget.running() == 0)
    #expect(made.nodeLimits.keys.allSatisfy { budget.running(on: $0) == 0 })
  }

  /// From a node, or from none: it is the new node's limit that counts.
  private func move(_ place: SlotInArray?, to node: Int?, _ budget: HelperBudget, _ made: RandomMachine) {
    guard let place else { return }
    let before = budget.running()
    let others = node.map { budget.running(on: $0) - (place.node == $0 ? 1 : 0) } ?? 0
    let limit = node.flatMap { made.nodeLimits[$0] } ?? 0
    place.move(to: node)
    #expect(place.node == (others < limit ? node : nil))
    #expect(budget.running() == before)
    for (node, limit) in made.nodeLimits { #expect(budget.running(on: node) <= limit) }
  }

  /// The engine itself, one of whose two threads does everything while the other one stays in its first chunk: then the
  /// way is certain.
  @Test("a thread's way through the node tasks is the one that the rules say", arguments: 0..<150)
  func way(seed: Int) throws {
    let made = RandomMachine(seed: 10_000 + seed, regular: seed % 2 == 0)
    if made.size < 2 { return }
    let way = try Way.run(made, traveller: seed % 3 == 0 ? .caller : .helper)
    #expect(way.units == way.expected, "seed \(seed)")
    #expect(way.moves == way.expectedMoves)
  }

  @Test("every unit is done once on eight nodes of sixteen CPUs, by as many threads as there may be", arguments: 0..<40)
  func everyUnit(seed: Int) throws {
    let made = RandomMachine(seed: 20_000 + seed, regular: true)
    let counts = UnitCounts(made.size)
    var control = TaskControl.madeUp(threads: .automatic, machine: made.machine, budget: made.budget)
    control.maximumChunk = 3
    let outcome = try control.run(RecordedWork { counts.add($0) }, nodeTasks: made.nodeTasks)
    #expect(counts.all == Array(repeating: 1, count: made.size))
    #expect(outcome.threads.count <= 103)
    for node in 0..<8 {
      let helpers = outcome.threads.filter { $0.isHelper && $0.node == node }
      #expect(helpers.count <= 12)
    }
    #expect(control.budget.running() == 0)
  }
}

/// A task of two threads, one of which does all but the other's first unit.
private struct Way {
  enum Who { case caller, helper }
  /// The node tasks of the units that the traveller did, in its order, and those that it should have done.
  var units: [Int] = []
  var expected: [Int] = []
  var moves = 0
  var expectedMoves = 0

  static func run(_ made: RandomMachine, traveller: Who) throws -> Way {
    let done = Guarded<[Int]>([])
    let caller = DetachedThread.currentID
    let (bothAreThere, allIsDone) = (Rendezvous(2), Event())
    let size = made.size
    let work = RecordedWork { chunk in
      let isTraveller = (DetachedThread.currentID == caller) == (traveller == .caller)
      bothAreThere.meet()
      if !isTraveller { return allIsDone.wait() }
      let count = done.withLock { done in
        done.append(chunk.lowerBound)
        return done.count
      }
      if count == size - 1 { allIsDone.happen() }
    }
    var control = TaskControl.madeUp(threads: .exactly(2), machine: made.machine, budget: made.budget)
    control.maximumChunk = 1
    let outcome = try control.run(work, nodeTasks: made.nodeTasks)
    var way = Way()
    way.units = done.withLock { $0 }.map(made.nodeTask)
    way.moves = outcome.threads[traveller == .caller ? 0 : 1].moves
    way.expect(made, traveller)
    return way
  }

  private mutating func expect(_ made: RandomMachine, _ traveller: Who) {
    let allowed = made.machine.topology.onlineCPUs
    let serving = made.nodeTasks.map { made.machine.node(serving: $0.node, within: allowed) }
    let seats = Policy.seats(sizes: made.nodeTasks.map(\.size), nodes: serving, threads: 2, callersNode: 0)
    var left = made.nodeTasks.map(\.size)
    left[seats[traveller == .caller ? 1 : 0]] -= 1
    var at = seats[traveller == .caller ? 0 : 1]
    while left.contains(where: { $0 > 0 }) {
      if left[at] == 0 {
        at = made.nextNodeTask(from: traveller == .caller ? 0 : serving[at], left)!
        expectedMoves += 1
      }
      left[at] -= 1
      expected.append(at)
    }
  }
}
