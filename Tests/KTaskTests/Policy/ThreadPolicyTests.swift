import KTask
import Testing

extension ThreadBounds {
  /// A thousand units and eight CPUs.
  fileprivate static var usual: ThreadBounds { ThreadBounds().with(\.size, 1000).with(\.allowedCPUs, 8) }

  fileprivate func with<Value>(_ bound: WritableKeyPath<ThreadBounds, Value>, _ value: Value) -> ThreadBounds {
    var bounds = self
    bounds[keyPath: bound] = value
    return bounds
  }
}

/// R1 and R4's arithmetic: how many threads.
@Suite("The thread count")
struct ThreadPolicyTests {
  @Test(
    "is the size by the minimum chunk, rounded up, but no more than CPUs",
    arguments: [
      (0, 1, 0), (1, 1, 1), (8, 1, 8), (9, 1, 8), (Int.max, 1, 8),
      (0, 100, 0), (1, 100, 1), (99, 100, 1), (100, 100, 1), (101, 100, 2), (199, 100, 2), (200, 100, 2),
      (201, 100, 3), (Int.max, 100, 8), (1, Int.max, 1), (Int.max - 1, Int.max, 1), (Int.max, Int.max, 1),
      (Int.max, Int.max - 1, 2), (Int.max, Int.max / 2, 3), (Int.max, Int.max / 2 + 1, 2),
    ])
  func followsSize(size: Int, minimumChunk: Int, threads: Int) {
    let within = ThreadBounds.usual.with(\.size, size).with(\.minimumChunk, minimumChunk)
    let decision = Policy.threads(.automatic, within: within)
    #expect(decision.threads == threads)
    #expect(decision.exceeded.isEmpty)
  }

  @Test(
    "is the least of the bounds, and all of them are named",
    arguments: [
      (Bound(.allowedCPUs, 8), ThreadBounds.usual),
      (Bound(.size, 3), .usual.with(\.size, 300).with(\.minimumChunk, 100)),
      (Bound(.cpuQuota, 2), .usual.with(\.cpuQuota, 1.5)),
      (Bound(.maximumThreads, 4), .usual.with(\.maximumThreads, 4)),
      (Bound(.helperLimit, 6), .usual.with(\.helpersLeft, 5)), (Bound(.helperLimit, 1), .usual.with(\.helpersLeft, 0)),
      (Bound(.helperLimit, 1), .usual.with(\.helpersLeft, -3)),
      (Bound(.switchedOff, 1), .usual.with(\.isEnabled, false)),
      (Bound(.physicalCores, 4), .usual.with(\.physicalCores, 4)),
      (Bound(.physicalCores, 1), .usual.with(\.physicalCores, 0)),
      (Bound(.cpuset, 3), .usual.with(\.cpusetCPUs, 3)), (Bound(.cpuset, 1), .usual.with(\.cpusetCPUs, 0)),
      (Bound(.powerPolicy, 1), .usual.with(\.cpuQuota, 2).with(\.physicalCores, 4).with(\.savesEnergy, true)),
    ])
  func isTheLeast(bound: Bound, within: ThreadBounds) {
    let decision = Policy.threads(.automatic, within: within)
    #expect(decision.threads == bound.threads)
    #expect(decision.bounds.contains(bound))
    #expect(decision.bounds.map(\.threads).min() == bound.threads)
  }

  @Test(
    "rounds a CPU quota up, and leaves one thread at least",
    arguments: [(0.0, 1), (0.01, 1), (0.5, 1), (1.0, 1), (1.01, 2), (2.5, 3), (7.9, 8), (100, 8), (1e300, 8)])
  func roundsQuota(quota: Double, threads: Int) {
    #expect(Policy.threads(.automatic, within: .usual.with(\.cpuQuota, quota)).threads == threads)
  }

  @Test(
    "is no more than the chunks that the alignment leaves",
    arguments: [(1, 4096, 1), (4096, 4096, 1), (4097, 4096, 2), (3 * 4096, 4096, 3), (Int.max, Int.max, 1)])
  func leavesAlignedChunks(size: Int, alignment: Int, threads: Int) {
    let within = ThreadBounds.usual.with(\.size, size).with(\.alignment, alignment)
    let decision = Policy.threads(.automatic, within: within)
    #expect(decision.threads == threads)
    #expect(decision.bounds.contains(Bound(.alignedUnits, threads)))
    #expect(Policy.threads(.exactly(8), within: within).threads == threads)
  }

  @Test("is what was asked for, beyond the policy's bounds, each of which is named")
  func isWhatWasAskedFor() {
    let within = ThreadBounds.usual.with(\.minimumChunk, 400).with(\.cpuQuota, 1.5).with(\.helpersLeft, 4)
      .with(\.physicalCores, 3).with(\.savesEnergy, true)
    let decision = Policy.threads(.exactly(4), within: within)
    #expect(decision.threads == 4)
    let exceeded = [Bound(.size, 3), Bound(.physicalCores, 3), Bound(.powerPolicy, 1), Bound(.cpuQuota, 2)]
    #expect(decision.exceeded == exceeded)
    #expect(decision.bounds.contains(Bound(.requested, 4)))
    #expect(decision.bounds.contains(Bound(.helperLimit, 5)))
  }

  @Test(
    "never passes the CPUs, the cpuset, the client's bound or the off switch",
    arguments: [
      (100, 8, .usual), (8, 8, .usual), (100, 3, .usual.with(\.cpusetCPUs, 3)),
      (100, 4, .usual.with(\.maximumThreads, 4)),
      (100, 1, .usual.with(\.isEnabled, false)),
    ] as [(Int, Int, ThreadBounds)])
  func neverPasses(asked: Int, threads: Int, within: ThreadBounds) {
    let decision = Policy.threads(.exactly(asked), within: within)
    #expect(decision.threads == threads)
    #expect(decision.exceeded.isEmpty)
  }

  @Test("counts a caller that may use no CPU as one thread")
  func countsTheCaller() {
    #expect(Policy.threads(.automatic, within: .usual.with(\.allowedCPUs, 0)).threads == 1)
  }

  @Test(
    "leaves helpers four fifths of the CPUs, rounded down",
    arguments: [
      (0, 0), (1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 4), (10, 8), (128, 102), (288, 230),
      (Int.max, Int.max / 5 * 4 + 1),
    ])
  func limitsHelpers(cpus: Int, helpers: Int) {
    #expect(Policy.helperLimit(cpus: cpus) == helpers)
  }

  @Test("shown in a plan is the one that a run then uses")
  func isPlanned() throws {
    for size in [0, 1, 7, 8, 100, 1000] {
      let control = TaskControl.madeUp(minimumChunk: 8)
      let decision = control.decide(size: size)
      let outcome = try control.run(RecordedWork(), start: 0, size: size)
      #expect(outcome.threads.count == max(1, decision.threads))
      #expect(outcome.bounds == decision.bounds)
      #expect(outcome.chunk == control.chunk(size: size, threads: decision.threads))
    }
  }
}
