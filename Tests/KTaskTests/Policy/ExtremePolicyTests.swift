import LinuxSystem
import TestSupport
import Testing

@testable import KTask

/// A number that ends the program in one of these ends the tests: the seed is in what they said last.
@Suite("Policy with numbers of any size")
struct ExtremePolicyTests {
  private static let edges = [
    1, 2, 3, 4095, 4096, 65_536, 1 << 31, 1 << 62, .max / 2, .max - 4096, .max - 4095, .max - 1, .max,
  ]

  private static func amount(_ random: inout SplitMix64) -> Int {
    switch random.number(0...3) {
    case 0: random.number(1...Int.max)
    case 1: 1 << random.number(0...62)
    default: random.one(of: edges)
    }
  }

  @Test("threads and chunks are counted within their bounds", arguments: 0..<300)
  func threads(seed: Int) {
    var random = SplitMix64(seed: seed)
    func next() -> Int { Self.amount(&random) }
    var bounds = ThreadBounds()
    (bounds.size, bounds.minimumChunk, bounds.alignment, bounds.allowedCPUs) = (next(), next(), next(), next())
    (bounds.physicalCores, bounds.cpusetCPUs, bounds.maximumThreads, bounds.helpersLeft) = (
      next(), next(), next(), -next()
    )
    bounds.cpuQuota = random.one(of: [nil, 0.1, 1e300, Double(next()), .infinity])
    for request in [TaskControl.Threads.automatic, .exactly(next()), .atMost(next())] {
      let threads = Policy.threads(request, within: bounds).threads
      #expect(threads > 0)
      let (size, least, most, alignment) = (next(), next(), next(), next())
      let chunk = Policy.chunk(size: size, threads: threads, minimum: least, maximum: most, alignment: alignment)
      #expect(chunk >= alignment && chunk % alignment == 0)
    }
    #expect(Policy.helperLimit(cpus: next()) >= 0)
  }

  @Test("threads are seated, and go on, by shares of any size", arguments: 0..<60)
  func seats(seed: Int) {
    var random = SplitMix64(seed: seed)
    let sizes = (0..<random.number(1...9)).map { _ in random.number(0...3) == 0 ? 0 : Self.amount(&random) }
    let nodes = sizes.map { _ in random.one(of: [nil, 0, 1, Int.max]) }
    let seats = Policy.seats(sizes: sizes, nodes: nodes, threads: 12, callersNode: 1)
    #expect(seats.count == 12)
    let next = Policy.nextNodeTask(
      count: sizes.count, remaining: { sizes[$0] }, distance: { nodes[$0] ?? 0 }, number: { $0 })
    #expect((next == nil) == sizes.allSatisfy { $0 == 0 })
  }

  @Test("a pace makes chunks of any size", arguments: 0..<100)
  func paces(seed: Int) {
    var random = SplitMix64(seed: seed)
    let alignment = 1 << random.number(0...40)
    let most = max(alignment, Self.amount(&random) / alignment * alignment)
    for nanoseconds in [1e-18, 1e-3, 1, 1e9, 1e18] {
      let units = Pace.next(
        max(alignment, most / 2 / alignment * alignment), nanosecondsPerUnit: nanoseconds, time: .usual,
        alignment: alignment, most: most)
      #expect(units >= alignment && units <= most)
    }
    let pace = Pace(most: most, alignment: alignment, threads: random.number(1...70_000), time: .usual)
    #expect(pace.wanted(of: Self.amount(&random)) >= alignment)
  }
}
