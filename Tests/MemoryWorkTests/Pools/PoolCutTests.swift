import LinuxSystem
import Testing

@testable import MemoryWork

@Suite("By how much pools are made smaller")
struct PoolCutTests {
  private static let page = 2 << 20

  /// A pool with what is free on each node; all else is in use.
  private static func pool(
    _ free: [Int], total: [Int] = [100, 100], reserved: Int = 0, surplus: [Int] = [0, 0]
  ) -> HugePagePool {
    HugePagePool(
      pageSize: page, total: total.prefix(free.count).reduce(0, +), free: free.reduce(0, +), reserved: reserved,
      surplus: surplus.prefix(free.count).reduce(0, +), overcommitLimit: 0,
      nodes: free.indices.map { .init(number: $0 * 3, total: total[$0], free: free[$0], surplus: surplus[$0]) })
  }

  /// As many of a pool's pages, and it has had that size since.
  private static func raised(_ pages: [Int], of pool: HugePagePool) -> RaisedPages {
    var raised = RaisedPages()
    let parts = pool.nodes.enumerated().map { index, node in
      HugePagePool.Node(number: node.number, total: node.total - pages[index], free: 0, surplus: node.surplus)
    }
    let total = parts.map(\.total).reduce(0, +)
    let before = HugePagePool(
      pageSize: page, total: total, free: 0, reserved: 0, surplus: pool.surplus, overcommitLimit: 0, nodes: parts)
    raised.change(from: before, to: pool)
    return raised
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var before = [0, 0]
    var now: HugePagePool
    var released: Int
    var keepFree = 0
    /// By `--grow-pool`, on each node.
    var raised = [50, 50]
    /// By the node.
    var cuts: [Int: Int]
  }

  static let cases = [
    Case(testDescription: "what became free", now: pool([8, 0]), released: 8, cuts: [0: 8]),
    Case(testDescription: "on each node", now: pool([5, 3]), released: 8, cuts: [0: 5, 3: 3]),
    Case(
      testDescription: "what was free before stays", before: [10, 20], now: pool([15, 23]), released: 8,
      cuts: [0: 5, 3: 3]),
    Case(
      testDescription: "what others gave back meanwhile stays", now: pool([20, 0]), released: 8, cuts: [0: 8]),
    Case(
      testDescription: "what others have taken meanwhile is theirs", before: [10, 0], now: pool([6, 4]), released: 8,
      cuts: [3: 4]),
    Case(testDescription: "what is promised stays", now: pool([8, 0], reserved: 5), released: 8, cuts: [0: 3]),
    Case(
      testDescription: "promised pages may be those that were free before", before: [5, 0],
      now: pool([13, 0], reserved: 5), released: 8, cuts: [0: 8]),
    Case(testDescription: "more is promised than is free", now: pool([8, 0], reserved: 9), released: 8, cuts: [:]),
    Case(testDescription: "some are kept for others", now: pool([5, 3]), released: 8, keepFree: 4, cuts: [0: 4]),
    Case(
      testDescription: "besides those that are promised", now: pool([5, 3]), released: 8, keepFree: 8, cuts: [:]),
    Case(
      testDescription: "kept pages may be those that were free before", before: [4, 0], now: pool([12, 0]),
      released: 8, keepFree: 4, cuts: [0: 8]),
    Case(
      testDescription: "more is to be kept than any pool has", now: pool([8, 0]), released: 8, keepFree: .max, cuts: [:]
    ),
    Case(
      testDescription: "surplus pages have gone by themselves", now: pool([3, 0], total: [97, 100]), released: 8,
      cuts: [0: 3]),
    Case(
      testDescription: "no more than the pool has of its own", now: pool([8, 0], total: [8, 0], surplus: [6, 0]),
      released: 8, cuts: [0: 2]),
    Case(
      testDescription: "no more than was raised", now: pool([5, 3]), released: 8, raised: [2, 9], cuts: [0: 2, 3: 3]),
    Case(testDescription: "nothing was raised", now: pool([5, 3]), released: 8, raised: [0, 0], cuts: [:]),
    Case(testDescription: "nothing was released", now: pool([8, 8]), released: 0, cuts: [:]),
  ]

  @Test("is what the release made free, and nobody else is to have", arguments: cases)
  func possible(_ given: Case) {
    let cuts = PoolCut.possible(
      from: Self.pool(given.before), to: given.now, raised: Self.raised(given.raised, of: given.now),
      released: given.released, keepFree: given.keepFree)
    #expect(cuts.allSatisfy { $0.pageSize == Self.page })
    #expect(Dictionary(uniqueKeysWithValues: cuts.map { ($0.node ?? -1, $0.pages) }) == given.cuts)
  }

  @Test("is asked of the whole pool where the kernel knows no nodes")
  func noNodes() {
    func pool(_ free: Int) -> HugePagePool {
      HugePagePool(pageSize: Self.page, total: 9, free: free, reserved: 1, surplus: 0, overcommitLimit: 0, nodes: [])
    }
    var raised = RaisedPages()
    raised.change(
      from: HugePagePool(
        pageSize: Self.page, total: 3, free: 0, reserved: 0, surplus: 0, overcommitLimit: 0, nodes: []), to: pool(2))
    #expect(
      PoolCut.possible(from: pool(2), to: pool(6), raised: raised, released: 4, keepFree: 3)
        == [PoolCut(pageSize: Self.page, node: nil, pages: 2)])
  }

  @Test(
    "is told beforehand, as if nobody took any", arguments: [(0, 0, 0, 8), (0, 5, 0, 3), (4, 5, 1, 6), (0, 9, 0, 0)])
  func expected(free: Int, reserved: Int, keepFree: Int, pages: Int) {
    let cut = PoolCut.expected(Self.pool([free, 0], reserved: reserved), released: 8, keepFree: keepFree)
    #expect(cut?.pages ?? 0 == pages && cut?.node == nil)
  }
}
