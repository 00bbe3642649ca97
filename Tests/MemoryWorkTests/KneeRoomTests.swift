import KTask
import LinuxSystem
import Testing

@testable import MemoryWork

@Suite("The knee that is measured on free memory")
struct KneeRoomTests {
  private static let (mib, gib) = (1 << 20, 1 << 30)

  struct Case: Sendable {
    var free: Int
    var page: Int
    var isPool: Bool
    /// What is looked at, one after the other.
    var bytes: [Int]
  }

  @Test(
    "takes 1 GiB, less where less is free, and more only where that leaves three quarters",
    arguments: [
      Case(free: 64 * gib, page: 4096, isPool: false, bytes: [gib, 4 * gib, 16 * gib]),
      Case(free: 1024 * gib, page: 4096, isPool: false, bytes: [gib, 4 * gib, 16 * gib, 64 * gib]),
      Case(free: 8 * gib, page: 4096, isPool: false, bytes: [gib]),
      Case(free: gib, page: 2 * mib, isPool: false, bytes: [512 * mib]),
      Case(free: 127 * mib, page: 4096, isPool: false, bytes: []),
      Case(free: gib, page: 2 * mib, isPool: true, bytes: [gib]),
      Case(free: 16 * gib, page: gib, isPool: true, bytes: [gib, 4 * gib]),
      Case(free: 64 * mib, page: 2 * mib, isPool: true, bytes: [64 * mib]),
      Case(free: 62 * mib, page: 2 * mib, isPool: true, bytes: []),
      Case(free: 16 * gib, page: 16 * gib, isPool: true, bytes: [16 * gib]),
      Case(free: 0, page: 16 * gib, isPool: true, bytes: []),
      Case(free: .max, page: 4096, isPool: false, bytes: [gib, 4 * gib, 16 * gib, 64 * gib]),
    ])
  func room(room: Case) {
    let own = KneeRoom(free: room.free, alignment: room.page, isPool: room.isPool)
    var seen: [Int] = []
    var next = own.first
    while let bytes = next {
      seen.append(bytes)
      next = own.more(than: bytes)
    }
    #expect(seen == room.bytes)
  }

  private static func facts(_ change: (inout MachineFacts) -> Void = { _ in }) -> MachineFacts {
    var facts = MachineFacts()
    facts.memory = .success(MemoryInfo(totalBytes: 32 * gib, availableBytes: 30 * gib, freeBytes: 20 * gib))
    facts.nodes = .success([
      NodeMemory(number: 0, totalBytes: 16 * gib, availableBytes: 15 * gib, freeBytes: 12 * gib),
      NodeMemory(number: 2, totalBytes: 16 * gib, availableBytes: 15 * gib, freeBytes: nil),
    ])
    facts.pools = .success([
      HugePagePool(
        pageSize: 2 * mib, total: 900, free: 800, reserved: 300, surplus: 0, overcommitLimit: 1000,
        nodes: [.init(number: 0, total: 600, free: 600), .init(number: 2, total: 300, free: 200)])
    ])
    change(&facts)
    return facts
  }

  @Test("is looked for on what nobody uses or was promised, within the control group's limit")
  func free() throws {
    let (pool, mib) = (PageKind.huge(2 * Self.mib), Self.mib)
    #expect(try Self.facts().room(.base, on: nil).free == 20 * Self.gib)
    #expect(try Self.facts().room(.base, on: 0).free == 12 * Self.gib)
    #expect(try Self.facts().room(.base, on: 7).free == 0)
    // free, and not promised; none that would have to be made
    #expect(try Self.facts().room(pool, on: nil) == KneeRoom(free: 1000 * mib, alignment: 2 * mib, isPool: true))
    #expect(try Self.facts().room(pool, on: 2).free == 400 * mib)
    #expect(try Self.facts().room(pool, on: 7).free == 0)
    #expect(try Self.facts().room(.huge(Self.gib), on: nil).free == 0)
    let limited = Self.facts { facts in
      facts.cgroupMemory = .success(.init(bytes: 3 * mib, limitBytes: Self.gib, path: "/vm"))
      facts.cgroupHugePages = [2 * mib: .success(.init(bytes: 5 * mib, limitBytes: Self.gib, path: "/vm"))]
    }
    #expect(try limited.room(.base, on: 0).free == 3 * mib)
    #expect(try limited.room(pool, on: nil).free == 4 * mib)
  }

  @Test("is not looked for where the kernel does not tell what is free")
  func unknown() {
    let unread = Unreadable("/proc/meminfo", .noEntry)
    let blind = Self.facts { facts in
      facts.memory = .failure(unread)
      facts.pools = .failure(unread)
    }
    #expect(throws: unread) { try blind.room(.base, on: nil) }
    #expect(throws: unread) { try blind.room(.huge(2 * Self.mib), on: nil) }
    #expect(throws: Unreadable.self) { try Self.facts().room(.base, on: 2) }
    #expect(throws: unread) { try Self.facts { $0.cgroupMemory = .failure(unread) }.room(.base, on: nil) }
    #expect(throws: MemoryError(.unread(unread))) { try MeasuredKnee.find(.base, on: nil, blind) }
  }

  @Test("is the median of what was found, the lower one of two, and of those alike the fastest")
  func median() {
    let found = [3, 1, 4, 2].map { MeasuredKnee(bytes: 1, threads: 4, knee: $0, steps: [], bytesPerSecond: 1) }
    #expect(MeasuredKnee.median(Array(found.prefix(3)))?.knee == 3)
    #expect(MeasuredKnee.median(found)?.knee == 2)
    #expect(MeasuredKnee.median([]) == nil)
    let rates = [(2, 1.0), (1, 9), (2, 3), (2, 2), (4, 5)].map {
      MeasuredKnee(bytes: 1, threads: 4, knee: $0, steps: [], bytesPerSecond: $1)
    }
    #expect(MeasuredKnee.median(rates) == rates[2])
  }

  @Test("is found on memory that is made and given back, and on none where too little is free")
  func find() throws {
    try Memory.catchBusErrors()
    let facts = Self.facts { facts in
      facts.memory = .success(MemoryInfo(totalBytes: Self.gib, availableBytes: Self.gib, freeBytes: 256 * Self.mib))
    }
    let found = try #require(try MeasuredKnee.find(.base, on: nil, facts))
    #expect(found.bytes == 128 * Self.mib && found.threads >= 1 && found.bytesPerSecond > 0)
    #expect(found.knee.map { (1...found.threads).contains($0) } ?? true)
    #expect(try MeasuredKnee.find(.huge(Self.gib), on: nil, facts) == nil)
  }
}
