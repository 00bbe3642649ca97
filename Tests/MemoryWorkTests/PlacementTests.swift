import LinuxSystem
import Testing

@testable import MemoryWork

/// Numbers that follow from a seed (Knuth's linear congruence), so that a failing case comes back.
private struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}

/// The arithmetic of who gets which part, on made-up machines.
@Suite("Placement")
struct PlacementTests {
  static let mib = 1 << 20

  @Test(
    "shares are equal; what a poor node lacks the others have, and what all lack is missing alike",
    arguments: [
      // units, what the nodes have, shares
      (10, [100], [10]), (10, [100, 100], [5, 5]), (11, [100, 100], [5, 6]), (10, [100, 100, 100], [3, 3, 4]),
      (10, [2, 100], [2, 8]), (10, [100, 2], [8, 2]), (10, [0, 100], [0, 10]), (30, [5, 8, 100], [5, 8, 17]),
      (30, [100, 1, 100], [14, 1, 15]), (10, [3, 3], [5, 5]), (11, [3, 3], [6, 5]), (10, [0, 0], [5, 5]),
      (0, [4, 4], [0, 0]), (1, [4, 4, 4], [0, 0, 1]), (10, [1], [10]), (10, [-5, 20], [0, 10]),
    ] as [(Int, [Int], [Int])])
  func shares(units: Int, stock: [Int], shares: [Int]) {
    #expect(NodeShares.split(units, having: stock) == shares)
  }

  @Test("shares add up, and no node is asked for more than it has while another has some left", arguments: 0..<200)
  func sharesOfRandomStocks(seed: Int) {
    var random = Numbers(state: UInt64(seed))
    let nodes = seed % 8 + 1
    let stock = (0..<nodes).map { _ in Int.random(in: 0...1000, using: &random) }
    let units = Int.random(in: 0...6000, using: &random)
    let shares = NodeShares.split(units, having: stock)
    #expect(shares.reduce(0, +) == units)
    let isAllMet = zip(shares, stock).allSatisfy { $0 <= $1 }
    #expect(isAllMet == (units <= stock.reduce(0, +)), "\(units) of \(stock): \(shares)")
  }

  @Test("parts cover a region, end on boundaries and hold their share of what is missing")
  func cut() {
    let all = Extents([0..<100])
    #expect(NodeShares.cut(100, missing: all, alignment: 10, [5, 5]) == [0..<50, 50..<100])
    #expect(NodeShares.cut(100, missing: all, alignment: 10, [0, 10]) == [0..<0, 0..<100])
    #expect(NodeShares.cut(95, missing: Extents([0..<95]), alignment: 10, [5, 5]) == [0..<50, 50..<95])
    // half of what is missing lies behind 80
    let holes = Extents([0..<10, 80..<90])
    #expect(NodeShares.cut(100, missing: holes, alignment: 10, [1, 1]) == [0..<10, 10..<100])
    #expect(NodeShares.cut(100, missing: Extents([15..<35]), alignment: 10, [1, 1]) == [0..<30, 30..<100])
    #expect(NodeShares.cut(8, missing: Extents([0..<8]), alignment: 10, [0, 1]) == [0..<0, 0..<8])
  }

  @Test("the regions of a call share one stock")
  func stock() {
    var stock = NodeStock([4096: [0: 30 * Self.mib, 1: 100 * Self.mib]])
    let placement = Placement(NodeSet([0, 1]))
    func parts(_ region: Int) -> [Span] {
      let length = 40 * Self.mib
      return placement.parts(
        of: region, length: length, missing: Extents([0..<length]), pageSize: 4096, alignment: 2 * Self.mib, &stock)
    }
    #expect(parts(0).map(\.range.count) == [20 * Self.mib, 20 * Self.mib])
    let second = parts(1)
    #expect(second.map(\.range.count) == [10 * Self.mib, 30 * Self.mib])
    #expect(second.map(\.node) == [0, 1])
    #expect(second.allSatisfy { $0.region == 1 })
    #expect(stock.left(on: 0, pageSize: 4096) == 0)
    #expect(stock.left(on: 1, pageSize: 4096) == 50 * Self.mib)
  }

  @Test("a node that gets nothing has no node task", arguments: Placement.Policy.allCases)
  func small(policy: Placement.Policy) {
    var stock = NodeStock([4096: [0: Self.mib, 1: Self.mib]])
    let placement = Placement(NodeSet([0, 1, 2]), policy)
    let parts = placement.parts(
      of: 0, length: 4096, missing: Extents([0..<4096]), pageSize: 4096, alignment: 4096, &stock)
    #expect(parts.map(\.range) == [0..<4096])
  }

  @Test("a preferred node may have less than its share", arguments: [Placement.Policy.preferred, .interleave])
  func preferred(policy: Placement.Policy) {
    var stock = NodeStock([4096: [0: 0, 1: 100 << 20]])
    let parts = Placement(NodeSet([0, 1]), policy).parts(
      of: 0, length: 8192, missing: Extents([0..<8192]), pageSize: 4096, alignment: 4096, &stock)
    #expect(parts == [Span(region: 0, range: 0..<4096, node: 0), Span(region: 0, range: 4096..<8192, node: 1)])
  }
}

/// Checks of what each node has.
extension PlacementTests {
  static let gib = 1 << 30

  static let facts: MachineFacts = {
    var facts = MachineFacts()
    facts.memory = .success(MemoryInfo(totalBytes: 40 * gib, availableBytes: 30 * gib, freeBytes: 0))
    facts.nodes = .success([
      NodeMemory(number: 0, totalBytes: 20 * gib, availableBytes: 2 * gib),
      NodeMemory(number: 1, totalBytes: 20 * gib, availableBytes: 19 * gib),
    ])
    facts.pools = .success([
      HugePagePool(
        pageSize: 2 * mib, total: 1300, free: 1250, reserved: 0, surplus: 0, overcommitLimit: 0,
        nodes: [.init(number: 0, total: 1000, free: 950), .init(number: 1, total: 300, free: 300)])
    ])
    return facts
  }()

  private static func checks(_ bytes: Int, _ page: PageKind, _ nodes: [Int], _ policy: Placement.Policy) throws
    -> [Check]
  {
    let memory = try AnonymousMemory(bytes: bytes, page: page)
    var stock = NodeStock(facts)
    memory.place(Placement(NodeSet(nodes), policy), &stock)
    return memory.checks(facts)
  }

  @Test("bound memory is asked of its nodes, which others' plenty does not help")
  func boundMemory() throws {
    let short = try Self.checks(4 * Self.gib, .base, [0], .bind)
    #expect(short.map(\.what) == [.nodeMemory(node: 0)])
    #expect(!short[0].isMet)
    #expect(try Self.checks(4 * Self.gib, .base, [1], .bind).allSatisfy(\.isMet))
    let both = try Self.checks(10 * Self.gib, .base, [0, 1], .bind)
    #expect(both.map(\.what) == [.nodeMemory(node: 0), .nodeMemory(node: 1)])
    #expect(both.map(\.isMet) == [true, true], "what the poorer node lacks, the other gives")
  }

  @Test("memory that is not bound is asked of the whole machine", arguments: [Placement.Policy.preferred, .interleave])
  func unboundMemory(policy: Placement.Policy) throws {
    let checks = try Self.checks(4 * Self.gib, .base, [0], policy)
    #expect(checks.map(\.what) == [.memory])
    #expect(checks.map(\.isMet) == [true])
  }

  @Test("a pool has on each node what it has there")
  func boundPages() throws {
    let page = PageKind.huge(2 * Self.mib)
    let short = try Self.checks(400 * 2 * Self.mib, page, [1], .bind)
    var expected = Check(
      .nodeHugePages(size: 2 * Self.mib, node: 1, total: 300), need: 800 * Self.mib, have: 600 * Self.mib)
    let pool = try #require(Self.facts.pools.known?.first)
    expected.supply = pool.supply(on: pool.nodes[1])
    #expect(short == [expected])
    // equal shares would be 600 each: node 1 gives what it has
    let both = try Self.checks(1200 * 2 * Self.mib, page, [0, 1], .bind)
    #expect(both.map(\.need) == [900 * 2 * Self.mib, 300 * 2 * Self.mib])
    #expect(both.map(\.isMet) == [true, true])
    let tooMuch = try Self.checks(1270 * 2 * Self.mib, page, [0, 1], .bind)
    #expect(tooMuch.allSatisfy { !$0.isMet })
  }

  @Test("several regions' needs of one node add up")
  func totals() {
    let check = Check(.nodeMemory(node: 1), need: 5, have: 8)
    let other = Check(.nodeMemory(node: 0), need: 5, have: 8)
    #expect(total([[check, other], [check]]).map(\.need) == [10, 5])
  }

  @Test("a node that nobody knows of has nothing")
  func unknownNode() {
    #expect(Self.facts.nodeChecks(4096, on: 7, pageSize: 4096).map(\.have) == [0])
    #expect(Self.facts.nodeChecks(2 * Self.mib, on: 7, pageSize: 2 * Self.mib).map(\.have) == [0])
    #expect(Self.facts.nodeChecks(0, on: 7, pageSize: 4096).isEmpty)
  }
}
