import LinuxSystem
import Testing

@testable import MemoryWork

/// The arithmetic of what must be there beforehand, on made-up machines.
@Suite("Preflight")
struct PreflightTests {
  static let gib = 1 << 30

  static func facts(_ change: (inout MachineFacts) -> Void = { _ in }) -> MachineFacts {
    var facts = MachineFacts()
    facts.memory = .success(MemoryInfo(totalBytes: 24 * gib, availableBytes: 23 * gib, freeBytes: 0))
    change(&facts)
    return facts
  }

  static func pool(total: Int, free: Int, reserved: Int = 0, surplus: Int = 0, overcommit: Int = 0) -> HugePagePool {
    HugePagePool(
      pageSize: 2 << 20, total: total, free: free, reserved: reserved, surplus: surplus,
      overcommitLimit: overcommit, nodes: [])
  }

  @Test(
    "Memory is needed with the tables that map it, and some is left for the rest",
    arguments: [(1, true), (22, true), (23, false), (64, false), (4 << 20, false)])
  func memory(gibibytes: Int, isMet: Bool) {
    let checks = Self.facts().memoryChecks(gibibytes * Self.gib)
    #expect(checks.count == 1)
    #expect(checks[0].isMet == isMet)
    #expect(checks[0].need > gibibytes * Self.gib)
    #expect(checks[0].have < 23 * Self.gib)
  }

  @Test("Needs that do not fit in a number are not met")
  func overflow() {
    #expect(Self.facts().memoryChecks(.max)[0].isMet == false)
    #expect(throws: MemoryError.self) { try AnonymousMemory(bytes: .max, page: .base) }
  }

  @Test("Nothing to do needs nothing")
  func nothing() {
    #expect(Self.facts().memoryChecks(0).isEmpty)
    #expect(Self.facts().hugePageChecks(0, pageSize: 2 << 20).isEmpty)
  }

  @Test("The cgroup's limit counts beside the machine's memory")
  func cgroup() {
    let facts = Self.facts { $0.cgroupMemory = .success(.init(bytes: 100 << 20, limitBytes: 200 << 20, path: "/vm")) }
    let checks = facts.memoryChecks(Self.gib)
    #expect(checks.map(\.isMet) == [true, false])
    #expect(checks[1].what == .cgroupMemory(path: "/vm"))
    #expect(checks[1].have == 100 << 20)
  }

  struct Pool: Sendable {
    let free: Int
    let reserved: Int
    var surplus = 0
    var overcommit = 0
    let asked: Int
    let isMet: Bool
  }

  @Test(
    "Reserved huge pages are somebody's, pages that may still be overcommitted are not",
    arguments: [
      Pool(free: 100, reserved: 0, asked: 100, isMet: true),
      Pool(free: 100, reserved: 0, asked: 101, isMet: false),
      Pool(free: 100, reserved: 1, asked: 100, isMet: false),
      Pool(free: 100, reserved: 0, overcommit: 50, asked: 150, isMet: true),
      Pool(free: 100, reserved: 0, surplus: 10, overcommit: 50, asked: 150, isMet: false),
      Pool(free: 0, reserved: 0, asked: 1, isMet: false),
    ])
  func hugePages(_ row: Pool) {
    let facts = Self.facts {
      $0.pools = .success([
        Self.pool(
          total: 100, free: row.free, reserved: row.reserved, surplus: row.surplus, overcommit: row.overcommit)
      ])
    }
    let check = facts.hugePageChecks(row.asked * 2 << 20, pageSize: 2 << 20)[0]
    #expect(check.isMet == row.isMet)
    #expect(check.need == row.asked * 2 << 20)
  }

  @Test("A pool that may grow without bound has no more than a number holds")
  func endless() {
    let pool = HugePagePool(
      pageSize: 2 << 20, total: 9, free: 9, reserved: 1, surplus: 0, overcommitLimit: .max,
      nodes: [.init(number: 0, total: 9, free: 9)])
    let facts = Self.facts { $0.pools = .success([pool]) }
    #expect(facts.hugePageChecks(Self.gib, pageSize: 2 << 20, own: .success(.max)).map(\.have) == [.max])
    #expect(facts.nodeChecks(Self.gib, on: 0, pageSize: 2 << 20, own: .success(.max)).map(\.have) == [.max])
    #expect(NodeStock(facts).left(on: 0, pageSize: 2 << 20) == .max)
  }

  @Test(
    "Surplus pages are no memory until it is found for them: what the pool lacks is asked of the machine, and of the node",
    arguments: [
      (100, true, true), (100 + 10 * 512, true, true), (100 + 30 * 512, true, false), (1 << 30, false, false),
    ])
  func surplus(pages: Int, isEnough: Bool, hasMemory: Bool) throws {
    let facts = Self.facts {
      $0.pools = .success([
        HugePagePool(
          pageSize: 2 << 20, total: 100, free: 100, reserved: 0, surplus: 0, overcommitLimit: 1 << 20,
          nodes: [.init(number: 0, total: 100, free: 100)])
      ])
      $0.nodes = .success([NodeMemory(number: 0, totalBytes: 24 * Self.gib, availableBytes: 23 * Self.gib)])
    }
    for (checks, whats) in [
      (facts.hugePageChecks(pages * 2 << 20, pageSize: 2 << 20), [Check.What.memory]),
      (facts.nodeChecks(pages * 2 << 20, on: 0, pageSize: 2 << 20), [.memory, .nodeMemory(node: 0)]),
    ] {
      let all = facts.withSurplus(checks)
      #expect(all[0].isMet == isEnough)
      #expect(all.dropFirst().map(\.what) == (pages > 100 ? whats : []))
      #expect(all.dropFirst().allSatisfy { $0.isMet == hasMemory })
      if pages < 1 << 20 { #expect(all.dropFirst().allSatisfy { $0.need == (pages - 100) * 2 << 20 }) }
    }
  }

  @Test("Surplus pages of two files, and base pages of a third, are asked of the same memory")
  func surplusTogether() {
    let facts = Self.facts { $0.pools = .success([Self.pool(total: 100, free: 100, overcommit: 1 << 20)]) }
    let file = facts.hugePageChecks(100 * 2 << 20, pageSize: 2 << 20)
    let all = facts.withSurplus(total([file, file, facts.memoryChecks(22 * Self.gib)]))
    #expect(all.map(\.what) == [.hugePages(size: 2 << 20, total: 100), .memory])
    #expect(all[1].need > 22 * Self.gib + 100 * 2 << 20)
  }

  @Test("Promises of one's own are had beside what nobody was promised, and those of several add up")
  func ownPromises() {
    let page = 2 << 20
    let facts = Self.facts { $0.pools = .success([Self.pool(total: 100, free: 100, reserved: 80)]) }
    let others = facts.hugePageChecks(21 * page, pageSize: page)[0]
    #expect(!others.isMet && others.have == 20 * page)
    #expect(others.supply?.promisedToOthers == 80)
    let own = facts.hugePageChecks(50 * page, pageSize: page, own: .success(30 * page))
    #expect(own[0].isMet && own[0].have == 50 * page)
    #expect(own[0].supply?.promisedToOthers == 50)
    let both = total([own, facts.hugePageChecks(40 * page, pageSize: page, own: .success(40 * page))])
    #expect(both[0].need == 90 * page && both[0].have == 90 * page && both[0].isMet)
    #expect(!total([both, facts.hugePageChecks(page, pageSize: page)])[0].isMet)
  }

  @Test("Promises that are not known are no reason to refuse, nor to say that all is well")
  func unknownPromises() {
    let unread = Unreadable("/proc/self/mountinfo", Errno(2))
    let facts = Self.facts { $0.pools = .success([Self.pool(total: 100, free: 100, reserved: 80)]) }
    let enough = facts.hugePageChecks(20 << 21, pageSize: 2 << 20, own: .failure(unread))[0]
    #expect(enough.isMet && enough.notMade == nil)
    #expect(facts.hugePageChecks(21 << 21, pageSize: 2 << 20, own: .failure(unread))[0].notMade == unread)
  }

  @Test(
    "Where the kernel promises no more than there is, what it keeps back counts, too",
    arguments: [(1, true), (3, true), (4, false), (.max >> 30, false)])
  func commitLimit(gibibytes: Int, isMet: Bool) throws {
    let limit = CommitLimit(
      limitBytes: 12 * Self.gib, promisedBytes: 8 * Self.gib, memoryBytes: 10 * Self.gib, userReserve: 128 << 20)
    let checks = Self.facts { $0.commitLimit = .success(limit) }.commitChecks(gibibytes << 30)
    #expect(checks.map(\.isMet) == [isMet])
    #expect(checks[0].what == .commitLimit(memory: 10 * Self.gib))
    #expect(Self.facts().commitChecks(.max).isEmpty)
    let full = CommitLimit(limitBytes: 0, promisedBytes: .max, memoryBytes: 0, adminReserve: 8 << 20)
    #expect(full.left(for: 1) == 0)
  }

  @Test("Of a job's memory what is private counts, and no pool's")
  func commitNeed() throws {
    let facts = Self.facts {
      $0.commitLimit = .success(CommitLimit(limitBytes: 1 << 30, promisedBytes: 0, memoryBytes: 1 << 30))
    }
    let base = try ClearAnonymousJob([AnonymousMemory(bytes: 2 << 30, page: .base)], method: nil)
    #expect(base.limitChecks(facts, threads: 1).map(\.isMet) == [false])
    let pool = try ClearAnonymousJob([AnonymousMemory(bytes: 2 << 30, page: .huge(2 << 20))], method: nil)
    #expect(pool.limitChecks(facts, threads: 1).map(\.isMet) == [true])
  }

  @Test("What is not known is not checked, and stands in nobody's way")
  func unknown() throws {
    let unread = Unreadable("/proc/meminfo", Errno(2))
    let facts = Self.facts {
      $0.memory = .failure(unread)
      $0.nodes = .failure(unread)
      $0.pools = .failure(unread)
      $0.cgroupMemory = .failure(unread)
      $0.lockable = .failure(unread)
      $0.fileSizeLimit = .failure(unread)
    }
    let checks =
      facts.memoryChecks(Self.gib) + facts.hugePageChecks(Self.gib, pageSize: 2 << 20)
      + facts.nodeChecks(Self.gib, on: 0, pageSize: 4096) + facts.nodeChecks(Self.gib, on: 0, pageSize: 2 << 20)
      + facts.lockChecks(Self.gib) + facts.fileSizeChecks(Self.gib, path: "f")
    #expect(checks.count == 8)
    #expect(checks.allSatisfy { $0.notMade == unread && $0.isMet })
  }

  @Test("Nodes of which nothing is known get equal shares")
  func unknownShares() {
    let facts = Self.facts { $0.nodes = .failure(Unreadable("/sys/devices/system/node", Errno(2))) }
    var stock = NodeStock(facts)
    let parts = Placement(NodeSet([0, 1])).parts(
      of: 0, length: 8192, missing: Extents([0..<8192]), pageSize: 4096, alignment: 4096, &stock)
    #expect(parts.map(\.range) == [0..<4096, 4096..<8192])
  }

  @Test("Limits count only where there are any")
  func limits() {
    #expect(Self.facts().lockChecks(Self.gib).isEmpty)
    #expect(Self.facts().fileSizeChecks(Self.gib, path: "f").isEmpty)
    let limited = Self.facts {
      $0.lockable = .success(8 << 20)
      $0.fileSizeLimit = .success(8 << 20)
    }
    #expect(limited.lockChecks(8 << 20)[0].isMet)
    #expect(limited.lockChecks(8 << 20 + 1)[0].isMet == false)
    #expect(limited.fileSizeChecks(9 << 20, path: "f")[0].isMet == false)
  }

  @Test("Several files' needs of one stock add up, those of different file systems do not")
  func totals() {
    func space(_ device: UInt64) -> Check {
      Check(.space(fileSystem: "tmpfs", device: device), need: 5, have: 6, path: "a")
    }
    let pages = Check(.hugePages(size: 2, total: 9), need: 5, have: 6, path: "a")
    let sum = total([[space(1), pages], [space(2), pages], [space(1)], [space(0)], [space(0)]])
    #expect(sum.map(\.need) == [10, 10, 5, 5, 5])
    #expect(sum.map(\.isMet) == [false, false, true, true, true])
  }
}
