import LinuxSystem
import TestSupport
import Testing

@testable import KTask

/// The policy and the budget, with threads that are numbers: each takes a unit in its turn, and moves when its node task
/// has none left.
private final class Simulation {
  /// A thread: the caller has no permit.
  final class Walker {
    var nodeTask: Int
    let permit: HeldPermit?
    var time = 0
    /// Slow ones and fast ones.
    let pace: Int
    var isDone = false

    init(nodeTask: Int, permit: HeldPermit?, pace: Int) {
      self.nodeTask = nodeTask
      self.permit = permit
      self.pace = pace
    }
  }

  let made: RandomMachine
  let budget: HelperBudget
  let servers: [Int?]
  var left: [Int]
  var walkers: [Walker] = []

  init(seed: Int) {
    var made = RandomMachine(seed: seed, regular: seed % 2 == 0)
    budget = made.budget
    left = made.nodeTasks.map(\.size)
    let (machine, allowed) = (made.machine, made.machine.topology.onlineCPUs)
    servers = made.nodeTasks.map { machine.node(serving: $0.node, within: allowed) }
    let seats = Policy.seats(sizes: left, nodes: servers, threads: made.threads, callersNode: 0)
    for seat in seats {
      let pace = made.random.number(1...9)
      if walkers.isEmpty {
        walkers.append(Walker(nodeTask: seat, permit: nil, pace: pace))
      } else if let permit = budget.heldPermit(on: servers[seat]) {
        walkers.append(Walker(nodeTask: seat, permit: permit, pace: pace))
      }
    }
    self.made = made
    #expect(walkers.count == min(seats.count, made.limit + 1))
  }

  /// Until every thread finds nothing left.
  func run() {
    while let walker = nextInTime() {
      walker.time += walker.pace
      if left[walker.nodeTask] > 0 {
        left[walker.nodeTask] -= 1
      } else {
        goOn(walker)
      }
    }
  }

  private func nextInTime() -> Walker? {
    var first: Walker?
    for walker in walkers where !walker.isDone {
      if walker.time < first?.time ?? .max { first = walker }
    }
    return first
  }

  private func goOn(_ walker: Walker) {
    let here = walker.permit == nil ? 0 : servers[walker.nodeTask]
    let next = Policy.nextNodeTask(
      count: left.count, remaining: { left[$0] }, distance: { made.distance(from: here, to: $0) })
    #expect(next == made.nextNodeTask(from: here, left))
    guard let next else {
      walker.isDone = true
      return
    }
    walker.nodeTask = next
    if let permit = walker.permit { move(permit, to: servers[next]) }
  }

  /// From a node, or from none: it is the new node's limit that counts.
  private func move(_ permit: HeldPermit, to node: Int?) {
    let before = budget.running()
    var expected: Int?
    if let node {
      let others = budget.running(on: node) - (permit.node == node ? 1 : 0)
      if others < made.nodeLimits[node] ?? 0 { expected = node }
    }
    permit.move(to: node)
    #expect(permit.node == expected)
    #expect(budget.running() == before)
    for (node, limit) in made.nodeLimits { #expect(budget.running(on: node) <= limit) }
  }
}

@Suite("Rules for nodes, simulated")
struct NodeRulesSimulation {
  @Test("threads move by the rules, limits hold at every moment, and nothing is left", arguments: 0..<400)
  func threads(seed: Int) {
    let simulation = Simulation(seed: seed)
    simulation.run()
    let budget = simulation.budget
    #expect(simulation.left.allSatisfy { $0 == 0 })
    #expect(budget.running() == simulation.walkers.count - 1)
    simulation.walkers = []
    #expect(budget.running() == 0)
    for node in simulation.made.nodeLimits.keys { #expect(budget.running(on: node) == 0) }
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
