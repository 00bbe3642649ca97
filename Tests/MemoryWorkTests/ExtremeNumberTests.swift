import KTask
import LinuxSystem
import TestSupport
import Testing

@testable import MemoryWork

/// Numbers of which some are as large as there are, or a little less, made from a seed.
private struct Extremes {
  private var random: SplitMix64

  init(seed: Int) { random = SplitMix64(seed: seed) }

  private static let edges = [
    0, 1, 2, 4095, 4096, 4097, 2 << 20, 1 << 31, 1 << 40, 1 << 62, .max / 513, .max / 2, .max - (2 << 20), .max - 4096,
    .max - 4095, .max - 1, .max,
  ]

  /// None below 0.
  mutating func amount() -> Int {
    switch random.number(0...3) {
    case 0: random.number(0...Int.max)
    case 1: 1 << random.number(0...62)
    default: random.one(of: Self.edges)
    }
  }

  mutating func positive() -> Int { max(1, amount()) }
  mutating func small(_ most: Int) -> Int { random.number(0...most) }
  mutating func flag() -> Bool { random.number(0...1) == 1 }
  mutating func pageSize() -> Int { 1 << random.number(12...40) }

  /// Ascending, apart, up to `most`.
  mutating func extents(_ most: Int) -> Extents {
    let ends = Set((0..<small(12)).map { _ in random.number(0...most) } + (flag() ? [most] : [])).sorted()
    return Extents(stride(from: 0, to: ends.count - 1, by: 2).map { ends[$0]..<ends[$0 + 1] })
  }
}

/// A number that ends the program in one of these ends the tests: the seed is in what they said last.
@Suite("Arithmetic with numbers of any size")
struct ExtremeNumberTests {
  private func facts(_ of: inout Extremes) -> MachineFacts {
    var facts = MachineFacts()
    let memory = { (of: inout Extremes) in
      MemoryInfo(totalBytes: of.amount(), availableBytes: of.amount(), freeBytes: of.amount())
    }
    facts.memory = .success(memory(&of))
    facts.nodes = .success((0..<2).map { NodeMemory(number: $0, totalBytes: of.amount(), availableBytes: of.amount()) })
    facts.cgroupMemory = .success(of.flag() ? nil : .init(bytes: of.amount(), limitBytes: of.amount(), path: "/vm"))
    let pools = [4096, 2 << 20, 1 << 30].map { size in
      HugePagePool(
        pageSize: size, total: of.amount(), free: of.amount(), reserved: of.amount(), surplus: of.amount(),
        overcommitLimit: of.amount(),
        nodes: (0..<2).map { .init(number: $0, total: of.amount(), free: of.amount(), surplus: of.amount()) })
    }
    facts.pools = .success(pools)
    facts.cgroupHugePages = [2 << 20: .success(.init(bytes: of.amount(), limitBytes: of.amount(), path: "/vm"))]
    facts.fileSizeLimit = .success(of.amount())
    facts.lockable = .success(of.amount())
    facts.addressSpace = .success(of.amount())
    facts.data = .success(of.amount())
    return facts
  }

  @Test("Checks are met or not met", arguments: 0..<200)
  func checks(seed: Int) {
    var of = Extremes(seed: seed)
    let facts = facts(&of)
    let (bytes, own) = (of.amount(), Fact.success(of.amount()))
    var checks = facts.memoryChecks(bytes) + facts.lockChecks(bytes) + facts.fileSizeChecks(bytes, path: "/vm")
    for size in [4096, 2 << 20, 1 << 30] {
      checks += facts.hugePageChecks(bytes, pageSize: size, own: own)
      checks += facts.cgroupChecks(bytes, pageSize: size)
      checks += (0...2).flatMap { facts.nodeChecks(bytes, on: $0, pageSize: size, own: own) }
    }
    checks += facts.limitChecks(.addressSpaceLimit, bytes, facts.addressSpace)
    let raises = PoolRaise.missing(from: checks, sharedBy: of.flag() ? NodeSet([0, 1]) : nil)
    checks += facts.checks(raises)
    #expect(total([checks, checks]).allSatisfy { $0.need >= 0 })
  }

  @Test("Regions are shared out among nodes wholly, whatever those have", arguments: 0..<200)
  func placement(seed: Int) throws {
    var of = Extremes(seed: seed)
    let pageSize = of.flag() ? 4096 : 2 << 20
    guard let length = rounded(of.positive(), up: pageSize) else { return }
    var stock = NodeStock(of.flag() ? facts(&of) : MachineFacts())
    let missing = of.extents(length / pageSize).ranges.map { $0.lowerBound * pageSize..<$0.upperBound * pageSize }
    for policy in Placement.Policy.allCases {
      let parts = Placement(NodeSet([0, 1, 7]), policy).parts(
        of: 0, length: length, missing: Extents(missing), pageSize: pageSize, alignment: max(pageSize, 2 << 20), &stock)
      #expect(parts.first?.range.lowerBound == 0)
      #expect(parts.last?.range.upperBound == length)
      #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.range.upperBound == $1.range.lowerBound })
    }
  }

  @Test("Extents are cut, inverted and rounded", arguments: 0..<200)
  func extents(seed: Int) {
    var of = Extremes(seed: seed)
    let extents = of.extents(.max)
    let bounds = [of.amount(), of.amount()].sorted()
    let window = bounds[0]..<bounds[1]
    #expect(extents.clamped(to: window).bytes + extents.gaps(in: window).bytes == window.count)
    let page = of.pageSize()
    #expect(extents.wholePages(of: page).ranges.allSatisfy { $0.lowerBound % page == 0 && $0.upperBound % page == 0 })
    #expect(extents.touchedPages(of: page).ranges.allSatisfy { $0.lowerBound % page == 0 })
  }

  @Test("Addresses for devices are found or refused", arguments: 0..<200)
  func addresses(seed: Int) {
    var of = Extremes(seed: seed)
    let spaces = (0..<of.small(3)).map { _ in
      let ranges = (0..<of.small(4)).map { _ in
        DeviceAddresses(first: UInt64(of.amount()), last: of.flag() ? .max : UInt64(of.amount()))
      }
      return DeviceAddressSpace(ranges: ranges, pageSize: of.positive(), mappingsLeft: of.amount() - of.amount())
    }
    let bytes = of.amount()
    for wanted in [nil, 0, UInt64(of.amount()), .max] {
      guard let plan = try? AddressPlan(wanted, bytes: bytes, alignment: of.pageSize(), within: spaces) else {
        continue
      }
      #expect(UInt64.max - plan.base >= UInt64(bytes) - 1)
    }
  }

  @Test("Pieces that are pinned, and their rings, are counted", arguments: 0..<200)
  func pieces(seed: Int) {
    var of = Extremes(seed: seed)
    let (bytes, mapSize, alignment) = (of.positive(), of.flag() ? of.positive() : nil, of.pageSize())
    let least = leastPinnedChunk(bytes, mapSize: mapSize, most: of.flag() ? of.amount() - of.amount() : nil)
    #expect(least > 0)
    let buffers = pinPieces(
      [bytes, of.amount()], largest: mapSize ?? .max, alignment: rounded(least, up: alignment) ?? least)
    let rings = RingLayout.rings(bytes, largest: min(1 << 30, mapSize ?? .max), cpus: 2, most: of.positive())
    #expect(buffers > 0 && rings > 0)
    if let layout = RingLayout(buffers: buffers, rings: rings) { #expect(layout.places > 0) }
  }

  @Test("Chunks are of whole pages for any minimum", arguments: 0..<200)
  func chunks(seed: Int) {
    var of = Extremes(seed: seed)
    let alignment = of.pageSize()
    let control = TaskControl.memory(minimumChunk: of.positive(), alignment: alignment)
    #expect(control.minimumChunk >= alignment && control.maximumChunk >= control.minimumChunk)
    let size = of.positive()
    let threads = max(1, of.small(70_000))
    #expect(control.chunk(size: size, threads: threads) > 0)
    #expect(control.decide(size: size).threads > 0)
  }

  @Test("What is found is compared with what is demanded", arguments: 0..<200)
  func findings(seed: Int) {
    var of = Extremes(seed: seed)
    var found = FileFindings(path: "/vm", bytes: of.amount(), pageSize: of.flag() ? 4096 : 2 << 20)
    found.residentBytes = of.flag() ? nil : of.amount()
    found.hugeBytes = of.flag() ? nil : of.amount()
    found.bytesByNode = [0: of.amount(), 1: of.amount(), 2: of.amount()]
    for pages in [nil, Demand.Pages.transparent, .bytes(4096), .bytes(2 << 20)] {
      let demand = Demand(size: of.positive(), pages: pages, nodes: NodeSet([0, 1]), zero: true)
      _ = demand.shortfalls(found, fileSize: of.amount(), nonZero: of.amount())
    }
    let facts = PageFacts(residentBytes: of.amount(), hugeBytes: of.amount(), bytesByNode: [0: of.amount()])
    #expect(Verification([facts, facts, facts], pageSize: 4096).residentBytes ?? 0 >= 0)
  }
}
