import Glibc
import LinuxSystem
import Testing

@testable import KTask

/// R4 across processes. Each test has a directory of its own in place of /run/ktask.
@Suite("Places that processes share", .enabled(if: geteuid() == 0, "only root makes the file"))
struct SharedBudgetTests {
  private let directory: PlaceDirectory
  init() throws { directory = try PlaceDirectory() }

  private func places(_ limit: Int = 3, _ nodes: [Int: Int] = [0: 2, 1: 1]) -> SharedPlaces {
    SharedPlaces(limit: limit, nodeLimits: nodes, directory: directory.path)
  }

  @Test("are had by one at a time, each process as many as are left, on every node its own")
  func oneAtATime() throws {
    let (one, two) = (places(), places())
    #expect(one.isMachineWide && two.isMachineWide)
    let first = try #require(one.place())
    let second = try #require(two.place())
    let third = try #require(one.place())
    #expect([one.place() == nil, two.place() == nil] == [true, true])
    #expect([one.left, two.left] == [0, 0])
    two.release(second)
    #expect([one.left, two.left] == [1, 1])
    #expect([one.place() != nil, two.place() == nil] == [true, true])
    #expect([two.place(1) != nil, one.place(1) == nil] == [true, true])
    #expect([one.place(0) != nil, two.place(0) != nil, one.place(0) == nil] == [true, true, true])
    // a node nobody has a limit for is nobody's matter
    #expect({ if case .unknown = one.current?.take(7) { true } else { false } }())
    one.release(first)
    one.release(third)
    #expect(two.left == 2)
  }

  @Test("make a budget whose helpers are counted over all that share it, and which moves them over")
  func budget() throws {
    let (one, two) = (makeBudget(), makeBudget())
    var mine = try [#require(one.heldPermit(on: 0)), #require(one.heldPermit(on: 0))]
    var theirs = try [#require(two.heldPermit(on: 0)), #require(two.heldPermit(on: nil))]
    #expect(mine.map(\.node) == [0, 0])
    // the node's two places are taken: it may run anywhere, and is counted
    #expect(theirs.map(\.node) == [nil, nil])
    #expect([one.heldPermit(on: 1) == nil, two.heldPermit(on: 1) == nil] == [true, true])
    #expect([one.left, two.left, one.running(), two.running()] == [0, 0, 2, 2])
    theirs[0].move(to: 1)
    mine[0].move(to: 1)
    #expect([theirs[0].node, mine[0].node] == [1, nil])
    theirs[1].move(to: 0)
    #expect(theirs[1].node == 0)
    mine = []
    #expect(two.left == 2)
    theirs = []
    #expect([one.left, two.left] == [4, 4])
  }

  private func makeBudget() -> HelperBudget {
    let nodes = [0: 2, 1: 1]
    return HelperBudget(limit: 4, nodeLimits: nodes, places: places(4, nodes))
  }

  @Test("are named in the outcome of a task that got fewer of them, or more than there are on request")
  func outcome() throws {
    let (one, two) = (makeBudget(), makeBudget())
    let theirs = try [#require(two.heldPermit(on: nil)), #require(two.heldPermit(on: nil))]
    let few = try TaskControl.madeUp(budget: one).run(RecordedWork(), start: 0, size: 100)
    #expect(few.threads.count == 3)
    #expect(few.bounds.contains(Bound(.helperLimit, 3)))
    let many = try TaskControl.madeUp(threads: .exactly(6), budget: one).run(RecordedWork(), start: 0, size: 100)
    #expect(many.threads.count == 6)
    #expect(many.exceededBounds.contains(Bound(.helperLimit, 3)))
    let bounded = try TaskControl.madeUp(threads: .atMost(2), budget: one).run(RecordedWork(), start: 0, size: 100)
    #expect(bounded.threads.count == 2 && bounded.exceededBounds.isEmpty)
    #expect([theirs.count, one.left] == [2, 2])
  }

  /// Places 5 and 6 are those that somebody with a higher limit has.
  @Test(
    "are no more than a process was told, those that others have beyond that number included",
    arguments: [(1, 0), (2, 0), (3, 1), (4, 2), (7, 5), (9, 7)])
  func limitOfOnesOwn(limit: Int, left: Int) throws {
    let others = places(7, [:])
    let theirs = try (0..<7).map { _ in try #require(others.place()) }
    for place in theirs.prefix(5) { others.release(place) }
    let own = places(limit, [:])
    let budget = HelperBudget(limit: limit, nodeLimits: [:], places: own)
    #expect(budget.left == left)
    let outcome = try TaskControl.madeUp(budget: budget).run(RecordedWork(), start: 0, size: 100)
    #expect(outcome.threads.count == left + 1)
    #expect(outcome.bounds.contains(Bound(.helperLimit, left + 1)))
    #expect((0..<left).allSatisfy { _ in own.place() != nil })
    #expect(own.place() == nil && own.left == 0)
    others.release(theirs[5])
    #expect((own.place() != nil) == (limit > 1) && own.place() == nil)
  }

  /// What each node's places are to those who were told different limits for the machine.
  @Test(
    "are the same on a node for all, whatever limit each was told for the machine",
    arguments: [nil, 0, 1, 3, 5, 6, 10, 12, 40] as [Int?])
  func nodesOfTheMachine(maximum: Int?) throws {
    // 8, 3, 1 and 0 of its 16 CPUs' 12
    let topology = Topology.madeUp([CPUSet(0..<10), CPUSet(10..<14), CPUSet(14..<16), CPUSet()])
    let budget = { HelperBudget(topology, maximumHelpers: $0, directory: directory.path) }
    let (one, two) = (budget(maximum), budget(40))
    #expect(one.isMachineWide && one.limit == maximum ?? 12)
    for (node, limit) in [(0, 8), (1, 3), (2, 1), (3, 0)] {
      let mine = (0..<40).compactMap { _ in one.heldPermit(on: node) }
      #expect(mine.count == one.limit && one.running(on: node) == min(limit, one.limit))
      let theirs = (0..<40).compactMap { _ in two.heldPermit(on: node) }
      #expect(theirs.count == 40 - mine.count)
      #expect(two.running(on: node) == min(limit - one.running(on: node), theirs.count))
      #expect(theirs.allSatisfy { $0.node == nil || $0.node == node })
    }
  }

  /// What is wrong with the file, and whether it may be used all the same.
  @Test(
    "come from a file that only root can have made; otherwise the limits hold within the process",
    arguments: [
      ("nothing", true), ("rubbish", true), ("everybody may write it", false), ("somebody else's", false),
      ("a symbolic link", false), ("a directory", false), ("everybody may write its directory", false),
    ])
  func unsound(fault: String, isUsed: Bool) throws {
    directory.spoil(fault)
    let budget = HelperBudget(limit: 3, nodeLimits: [:], places: places())
    #expect(budget.isMachineWide == isUsed, "\(fault)")
    let outcome = try TaskControl.madeUp(budget: budget).run(RecordedWork(), start: 0, size: 100)
    #expect(outcome.end == .finished)
    #expect(outcome.threads.count == 4)
    #expect(budget.left == 3)
  }

  @Test("go on in a new file when the old one is removed, also while places of it are had")
  func removed() throws {
    let budget = makeBudget()
    let old = try #require(budget.heldPermit(on: 0))
    directory.removeFile()
    #expect(try TaskControl.madeUp(budget: budget).run(RecordedWork(), start: 0, size: 100).end == .finished)
    #expect(SystemFiles().exists(directory.file))
    #expect(budget.isMachineWide)
    #expect([old.node, budget.running()] == [0, 1])
    // others find the new one: what this process has there, they do not get
    let mine = [budget.heldPermit(on: nil), budget.heldPermit(on: nil), budget.heldPermit(on: nil)].compactMap(\.self)
    #expect(mine.count == 3)
    #expect(places(4).left == 1)
  }
}
