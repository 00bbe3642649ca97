import LinuxSystem
import Testing

@testable import MemoryWork

@Suite("By how much pools are raised")
struct PoolRaiseTests {
  private static let page = 2 << 20

  private static func check(_ what: Check.What, need: Int, have: Int) -> Check {
    Check(what, need: need * page, have: have * page)
  }

  @Test("what a pool lacks, in whole pages, and nothing where it has enough")
  func missing() {
    let pool = Check.What.hugePages(size: Self.page, total: 10)
    let short = Check(pool, need: 7 * Self.page + 1, have: 3 * Self.page)
    #expect(
      PoolRaise.missing(from: [short], sharedBy: nil) == [PoolRaise(pageSize: Self.page, node: nil, pages: 5)])
    #expect(PoolRaise.missing(from: [Self.check(pool, need: 3, have: 3)], sharedBy: nil) == [])
  }

  @Test("each node for itself, by what it lacks")
  func nodes() {
    let checks = [0, 1, 2].map { node in
      Self.check(.nodeHugePages(size: Self.page, node: node, total: 0), need: 4, have: node * 2)
    }
    #expect(
      PoolRaise.missing(from: checks, sharedBy: nil) == [
        PoolRaise(pageSize: Self.page, node: 0, pages: 4), PoolRaise(pageSize: Self.page, node: 1, pages: 2),
      ])
  }

  @Test("what is not asked of one node is shared out among those of an interleaved file")
  func shared() {
    let check = Self.check(.hugePages(size: Self.page, total: 0), need: 5, have: 0)
    #expect(
      PoolRaise.missing(from: [check], sharedBy: NodeSet([1, 3])) == [
        PoolRaise(pageSize: Self.page, node: 1, pages: 3), PoolRaise(pageSize: Self.page, node: 3, pages: 2),
      ])
    let one = Self.check(.hugePages(size: Self.page, total: 0), need: 1, have: 0)
    #expect(PoolRaise.missing(from: [one], sharedBy: NodeSet([1, 3])).map(\.node) == [1])
  }

  @Test(
    "so that as many stay free as are kept for others, where something is needed at all",
    arguments: [(3, 3, 2, 2), (3, 5, 2, 0), (3, 4, 2, 1), (0, 0, 2, 0), (1, 0, .max, 1 << 42)])
  func keeping(need: Int, have: Int, keepFree: Int, pages: Int) {
    let pool = Self.check(.hugePages(size: Self.page, total: 0), need: need, have: have)
    let node = Self.check(.nodeHugePages(size: Self.page, node: 1, total: 0), need: need, have: have)
    for check in [pool, node] {
      let raises = PoolRaise.missing(from: [check.leaving(keepFree)], sharedBy: nil)
      #expect(raises.map(\.pages) == (pages > 0 ? [pages] : []))
    }
    #expect(Self.check(.memory, need: 1, have: 0).leaving(5).need == Self.page, "that is no pool's matter")
  }

  @Test("nothing else that is short is a pool's matter")
  func others() {
    let checks = [
      Self.check(.memory, need: 9, have: 0), Self.check(.space(fileSystem: "hugetlbfs"), need: 9, have: 0),
      Self.check(.cgroupHugePages(size: Self.page, path: "/a"), need: 9, have: 0),
    ]
    #expect(PoolRaise.missing(from: checks, sharedBy: nil) == [])
    #expect(checks.allSatisfy { !$0.isAboutPool })
  }

  @Test("the memory for it is asked of the machine, and of each node that is named")
  func memory() {
    var facts = MachineFacts()
    facts.memory = .success(MemoryInfo(totalBytes: 8 << 30, availableBytes: 4 << 30, freeBytes: 0))
    facts.nodes = .success([NodeMemory(number: 1, totalBytes: 4 << 30, availableBytes: 1 << 30)])
    let raises = [
      PoolRaise(pageSize: Self.page, node: 1, pages: 1024), PoolRaise(pageSize: Self.page, node: nil, pages: 512),
    ]
    let checks = facts.checks(raises)
    #expect(checks.map(\.what) == [.memory, .nodeMemory(node: 1)])
    #expect(checks.map(\.need) == [3 << 30, 2 << 30])
    #expect(checks.map(\.isMet) == [true, false])
    #expect(facts.checks([]) == [])
  }
}
