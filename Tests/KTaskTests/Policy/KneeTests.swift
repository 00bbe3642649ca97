import Testing

@testable import KTask

/// The knee as arithmetic, on machines that are functions.
@Suite("The knee of the throughput")
struct KneeTests {
  @Test(
    "is found wherever it lies: in the time of the best static count, soon, and without threads that gain nothing",
    arguments: SimulatedMachine.all)
  func isFound(machine: SimulatedMachine) throws {
    let counts = (1...machine.most).map { machine.run(threads: $0) }
    let best = counts.map(\.seconds).min() ?? 0
    let least = try #require(counts.first { $0.seconds <= 1.03 * best })
    let found = machine.runFindingKnee()
    #expect(found.seconds <= 1.03 * best, "\(found)")
    #expect(found.threadSeconds <= 1.1 * least.threadSeconds, "\(found), \(least)")
    let settledAt = try #require(found.settledAt)
    #expect(settledAt <= 0.2 || found.settledUnits <= machine.units / 10, "\(found)")
  }

  @Test(
    "is found nearly as well where every sample is a little off",
    arguments: SimulatedMachine.all.filter { $0.most > 2 }, 1...3)
  func isFoundInNoise(machine: SimulatedMachine, seed: Int) throws {
    let counts = (1...machine.most).map { machine.run(threads: $0) }
    let best = counts.map(\.seconds).min() ?? 0
    let least = try #require(counts.first { $0.seconds <= 1.03 * best })
    let found = machine.runFindingKnee(noise: 0.03, seed: seed)
    #expect(found.seconds <= 1.05 * best, "\(found)")
    #expect(found.threadSeconds <= 1.3 * least.threadSeconds, "\(found), \(least)")
  }

  /// What single runs come to is chance: one in ten may be worse.
  @Test("is found for a few hundredths where every sample is off by up to a fifth")
  func isFoundInMuchNoise() {
    var (times, threadTimes) = ([Double](), [Double]())
    for machine in SimulatedMachine.all {
      let counts = (1...machine.most).map { machine.run(threads: $0) }
      let best = counts.map(\.seconds).min() ?? 0
      guard let least = counts.first(where: { $0.seconds <= 1.03 * best }) else { continue }
      for seed in 1...10 {
        let found = machine.runFindingKnee(noise: 0.2, seed: seed)
        times.append(found.seconds / best)
        threadTimes.append(found.threadSeconds / least.threadSeconds)
      }
    }
    let count = Double(times.count)
    #expect(times.reduce(0, +) / count <= 1.03 && threadTimes.reduce(0, +) / count <= 1.08)
    #expect(times.sorted()[times.count * 9 / 10] <= 1.05)
    #expect(threadTimes.sorted()[times.count * 9 / 10] <= 1.3)
  }

  @Test("of a known machine is the known one")
  func isKnown() {
    let knees = Dictionary(uniqueKeysWithValues: SimulatedMachine.all.map { ($0.name, $0.runFindingKnee().knee) })
    #expect(knees["linear, 64 threads"] == 64)
    #expect(knees["bandwidth of 6 in 64"] == 6)
    #expect(knees["one lock"] == 1)
    #expect(knees["one VFIO container"] == 1)
    #expect(knees["two nodes with a knee each"] == 12)
    #expect(knees["cudf, 16 GiB"] == 4)
    #expect(knees["huge pages, Skylake"] == 32)
    #expect(knees["pegaflow, 500 GB"] == 128)
  }

  @Test("is not looked for in what is over soon: all threads work at once, and go on", arguments: [1, 2, 4, 64])
  func leavesShortTasksAlone(most: Int) {
    var knee = Knee(most: most, now: 0)
    // a thread does a unit in a millisecond: 40 ms for all
    knee.glance(1e6, left: 40 * most)
    #expect(knee.threads == most)
    let sample = KneeSample(threads: most, units: 3 * most, nanoseconds: 3_000_000)
    knee.note(sample, left: 25 * most, now: 3_000_000)
    #expect(knee.threads == most && !knee.isSearching && knee.settled == most)
  }

  @Test("begins with few threads where there is much to do, and knows no count but those there are")
  func begins() {
    for most in [1, 2, 3, 4, 5, 240] {
      var knee = Knee(most: most, now: 0)
      knee.glance(1e6, left: 1_000_000_000)
      #expect(knee.threads == min(most, 4))
      #expect(knee.isSearching && knee.settled == nil)
    }
  }

  @Test("learns nothing from a sample of other threads, or of nothing")
  func ignores() {
    var knee = Knee(most: 16, now: 0)
    knee.note(KneeSample(threads: 3, units: 10, nanoseconds: 10), left: 1 << 40, now: 10)
    knee.note(KneeSample(threads: 4, units: 0, nanoseconds: 10), left: 1 << 40, now: 20)
    #expect(knee.threads == 4 && knee.steps.isEmpty)
    knee.note(KneeSample(threads: 4, units: 10, nanoseconds: 0), left: 1 << 40, now: 30)
    #expect(knee.threads == 8 && knee.steps.count == 1)
  }

  @Test("stays below what a limit leaves, until it looks further")
  func keepsToALimit() {
    var knee = Knee(most: 16, now: 0)
    knee.note(KneeSample(threads: 4, units: 4_000_000, nanoseconds: 1_000_000), left: 1 << 50, now: 1_000_000)
    #expect(knee.threads == 8)
    knee.lower(to: 6)
    #expect(knee.threads == 6)
    var (now, highest) = (UInt64(1_000_000), 0)
    for _ in 0..<40 {
      now += 1_000_000
      let units = 1_000_000 * knee.threads
      knee.note(KneeSample(threads: knee.threads, units: units, nanoseconds: 1_000_000), left: 1 << 50, now: now)
      highest = max(highest, knee.threads)
    }
    #expect(highest == 6 && knee.settled == 6)
    while knee.threads <= 6 && now < 10_000_000_000 {
      now += 10_000_000
      let units = 10_000_000 * knee.threads
      knee.note(KneeSample(threads: knee.threads, units: units, nanoseconds: 10_000_000), left: 1 << 50, now: now)
    }
    #expect(knee.threads > 6)
  }

  @Test("is looked for further up at once where all threads were of use, and there are more now")
  func grows() {
    func settled(at count: Int) -> (Knee, UInt64) {
      var (knee, now) = (Knee(most: 4, capacity: 16, now: 0), UInt64(0))
      while knee.isSearching {
        now += 5_000_000
        let units = min(knee.threads, count) * 5_000_000
        knee.note(KneeSample(threads: knee.threads, units: units, nanoseconds: 5_000_000), left: 1 << 50, now: now)
      }
      return (knee, now)
    }
    var (all, now) = settled(at: 4)
    all.grow(to: 16, now: now)
    #expect(all.isSearching && all.threads == 8)
    // one after the other
    (all, now) = settled(at: 4)
    all.grow(to: 5, now: now)
    #expect(all.threads == 5)
    all.grow(to: 16, now: now)
    #expect(all.isSearching && all.threads == 8)
    var few: Knee
    (few, now) = settled(at: 2)
    few.grow(to: 16, now: now)
    #expect(!few.isSearching && few.threads == 2)
  }

  @Test("survives any numbers, and stays between one thread and all")
  func survives() {
    for most in [1, 2, 7, 64] {
      var knee = Knee(most: most, now: .max - 1000)
      var now = UInt64.max - 1000
      for (index, units) in [1, Int.max, 1, 3, .max, 1, 1, 7, 1 << 40, 2, 1, .max].enumerated() {
        now &+= UInt64(index) << 30
        let nanoseconds: UInt64 = index.isMultiple(of: 3) ? 0 : index.isMultiple(of: 2) ? .max : 1
        let left = index.isMultiple(of: 2) ? Int.max : 0
        knee.note(KneeSample(threads: knee.threads, units: units, nanoseconds: nanoseconds), left: left, now: now)
        #expect(1...most ~= knee.threads)
      }
    }
  }
}

/// Each node's threads look for their own.
extension KneeTests {
  @Test("is found on each of two nodes, however unlike they are", arguments: SimulatedNodes.all)
  func isFoundOnEachNode(machine: SimulatedNodes) throws {
    let counts = (1...machine.most).map { machine.run(threads: $0) }
    let best = counts.map(\.seconds).min() ?? 0
    let least = try #require(counts.first { $0.seconds <= 1.03 * best })
    let found = machine.runFindingKnees()
    #expect(found.seconds <= 1.03 * best, "\(found), \(best)")
    #expect(found.threadSeconds <= 1.1 * least.threadSeconds, "\(found), \(least)")
  }
}

extension SimulatedNodes {
  /// With one knee for both, some of these took a fifth longer, and some half as much CPU time again.
  static let all = [
    Self("knees at 6", most: 64, units: [12, 12], { min(Double($0), 6) }, { min(Double($0), 6) }),
    Self("knees at 6 and 4", most: 64, units: [12, 12], { min(Double($0), 6) }, { min(Double($0), 4) }),
    Self("knees at 16 and 4", most: 64, units: [24, 24], { min(Double($0), 16) }, { min(Double($0), 4) }),
    Self("linear, and a knee at 4", most: 64, units: [24, 24], { Double($0) }, { min(Double($0), 4) }),
    Self("as much work as each is fast", most: 64, units: [32, 4], { Double($0) }, { min(Double($0), 4) }),
    Self(
      "linear, and falling beyond 6", most: 32, units: [16, 16], { Double($0) },
      { $0 <= 6 ? Double($0) : max(3, 6 - 0.3 * Double($0 - 6)) }),
    Self("linear, and a lock", most: 32, units: [16, 4], { Double($0) }, { 2 - 0.2 * Double(min($0, 6) - 1) }),
    Self("little work on one", most: 32, units: [40, 1], { Double($0) }, { Double($0) }),
  ]
}

extension SimulatedMachine {
  static let all = shapes + neighbours + published

  private static let shapes = [
    Self("linear, 2 threads", most: 2, units: 2) { Double($0) },
    Self("linear, 16 threads", most: 16, units: 16) { Double($0) },
    Self("linear, 64 threads", most: 64, units: 64) { Double($0) },
    Self("linear, 240 threads", most: 240, units: 480) { Double($0) },
    Self("bandwidth of 6 in 64", most: 64, units: 12) { min(Double($0), 6) },
    Self("bandwidth of one in 2", most: 2, units: 2) { _ in 1 },
    Self("a little less with 2", most: 2, units: 2) { $0 == 1 ? 1 : 0.93 },
    Self("one lock", most: 16, units: 2, measured: [(1, 1), (2, 0.97), (16, 0.7)]),
    Self("one VFIO container", most: 4, units: 2, measured: [(1, 1), (2, 0.8), (4, 0.55)]),
    Self("one VFIO container, 64 threads", most: 64, units: 2, measured: [(1, 1), (2, 0.8), (4, 0.55), (64, 0.2)]),
    Self("contention", most: 64, units: 14, contention: 0.05, coherence: 0.002),
    Self("little contention", most: 128, units: 40, contention: 0.02, coherence: 0.0005),
    Self("much contention", most: 128, units: 8, contention: 0.2, coherence: 0.01),
    Self("siblings that gain a fifth", most: 32, units: 40) { Double(min($0, 16)) + 0.2 * Double(max(0, $0 - 16)) },
    Self("siblings that gain nearly nothing", most: 32, units: 32) {
      Double(min($0, 16)) + 0.02 * Double(max(0, $0 - 16))
    },
    Self("siblings that cost", most: 32, units: 32) { Double(min($0, 16)) - 0.1 * Double(max(0, $0 - 16)) },
    Self("two nodes with a knee each", most: 64, units: 24) {
      min(Double(($0 + 1) / 2), 6) + min(Double($0 / 2), 6)
    },
    Self("two nodes with unlike knees", most: 64, units: 24) {
      min(Double($0) / 2, 6) + min(Double($0) / 2, 4)
    },
  ]

  private static let neighbours = [
    Self("a neighbour takes half of the bandwidth and leaves", most: 16, units: 120) { threads, time in
      min(Double(threads), time > 5 && time < 10 ? 4 : 8)
    },
    Self("a neighbour takes half of the CPUs and leaves", most: 16, units: 240) { threads, time in
      time > 5 && time < 10 ? min(Double(threads), 8) : Double(threads)
    },
    Self("beside a neighbour threads are in each other's way", most: 16, units: 100) { threads, time in
      time > 3 && time < 6
        ? min(Double(threads), 5) - 0.1 * Double(max(0, threads - 5)) : min(Double(threads), 8)
    },
  ]

  /// What others have published: seconds by threads.
  private static let published = [
    Self("pegaflow, 500 GB", most: 240, units: 500, measured: [(128, 500 / 21.3), (240, 500 / 24.4)]),
    Self("huge pages, Skylake", most: 128, units: 1, measured: [(8, 1 / 44.0), (32, 1 / 16.0), (128, 1 / 20.0)]),
    Self("huge pages, Cascade Lake", most: 128, units: 1, measured: [(8, 1 / 39.0), (128, 1 / 9.0)]),
    Self(
      "cudf, 16 GiB", most: 16, units: 16,
      measured: [(1, 16 / 3.3), (2, 16 / 1.69), (4, 16 / 1.545), (8, 16 / 1.555), (16, 16 / 1.557)]),
    Self(
      "Dynamo, 8 GiB", most: 32, units: 8,
      measured: [(1, 8 / 2.8), (4, 8 / 1.55), (8, 8 / 1.09), (16, 8 / 1.03), (32, 8 / 0.92)]),
    Self(
      "ktask's RFC, 800 GiB", most: 16, units: 800,
      measured: [(1, 800 / 434.91), (2, 800 / 170.97), (4, 800 / 87.38), (8, 800 / 42.86), (16, 800 / 33.48)]),
  ]
}
