import TestSupport
import Testing

@testable import KTask

/// A machine that is a function: how many units a second so many threads do, at a time. Tasks run on it in no time.
struct SimulatedMachine: Sendable, CustomTestStringConvertible {
  var name: String
  /// Threads at most.
  var most: Int
  /// Units of the task.
  var units: Double
  var rate: @Sendable (Int, Double) -> Double
  /// Whether it changes with time.
  var changes = false

  var testDescription: String { name }

  /// A throughput that does not change with time.
  init(_ name: String, most: Int, units: Double, _ rate: @escaping @Sendable (Int) -> Double) {
    self.init(name, most: most, units: units, changing: { threads, _ in rate(threads) })
    changes = false
  }

  init(_ name: String, most: Int, units: Double, changing rate: @escaping @Sendable (Int, Double) -> Double) {
    (self.name, self.most, self.units, self.rate, changes) = (name, most, units, rate, true)
  }

  /// One whose throughput was measured with some counts, and lies on straight lines between them.
  init(_ name: String, most: Int, units: Double, measured points: [(Int, Double)]) {
    self.init(name, most: most, units: units) { threads in
      var last = (0, 0.0)
      for point in points {
        if threads <= point.0 {
          return last.1 + (point.1 - last.1) * Double(threads - last.0) / Double(point.0 - last.0)
        }
        last = point
      }
      return last.1
    }
  }

  /// Where threads contend for something and also keep each other's caches busy (Gunther's universal scalability law).
  init(_ name: String, most: Int, units: Double, contention: Double, coherence: Double) {
    self.init(name, most: most, units: units) { threads in
      let count = Double(threads)
      return count / (1 + contention * (count - 1) + coherence * count * (count - 1))
    }
  }
}

/// What running a task on it came to.
struct SimulatedRun {
  /// Seconds that it took, and that its threads had in all.
  var seconds = 0.0
  var threadSeconds = 0.0
  /// When it first settled, and how much was done by then.
  var settledAt: Double?
  var settledUnits = 0.0
  var knee: Int?
  fileprivate var done = 0.0
}

extension SimulatedMachine {
  /// With so many threads from the beginning to the end.
  func run(threads: Int) -> SimulatedRun {
    var run = SimulatedRun()
    if changes {
      while advance(&run, threads, by: 0.01) != nil {}
    } else {
      run.seconds = units / rate(threads, 0)
      run.threadSeconds = run.seconds * Double(threads)
    }
    return run
  }

  /// With as many as the knee says. Chunks take 1 ms while it measures, of which each thread does five for a sample, and 16 ms
  /// else; what each sample tells is off by up to `noise`.
  func runFindingKnee(noise: Double = 0, seed: Int = 0) -> SimulatedRun {
    var random = SplitMix64(seed: seed)
    var run = SimulatedRun()
    var knee = Knee(most: most, now: 0)
    var chunk = 0.0005
    if advance(&run, knee.threads, by: chunk) == nil { return run }
    knee.glance(Double(knee.threads) / rate(knee.threads, 0) * 1e9 / Self.scale, left: left(run))
    while true {
      let threads = knee.threads
      // chunks begun before end first
      if advance(&run, threads, by: chunk / 2) == nil { break }
      chunk = knee.isSearching ? 0.001 : 0.016
      let time = knee.isSearching ? 5 * chunk : chunk * Double(max(1, (4 + threads - 1) / threads))
      guard let units = advance(&run, threads, by: time) else { break }
      let error = noise * Double(random.number(-1000...1000)) / 1000 / Double(threads).squareRoot()
      let sample = KneeSample(
        threads: threads, units: Int(units * (1 + error) * Self.scale), nanoseconds: UInt64(time * 1e9))
      knee.note(sample, left: left(run), now: UInt64(run.seconds * 1e9))
      run.threadSeconds += Double(max(0, threads - knee.threads)) * chunk / 2
      if !knee.isSearching && run.settledAt == nil { (run.settledAt, run.settledUnits) = (run.seconds, run.done) }
    }
    run.knee = knee.settled
    return run
  }

  /// Whole units of what is counted in fractions here.
  private static let scale = 1e9

  private func left(_ run: SimulatedRun) -> Int { Int((units - run.done) * Self.scale) }

  /// Goes on for some seconds, in small steps; the units done, or nil at the end of the task.
  private func advance(_ run: inout SimulatedRun, _ threads: Int, by seconds: Double) -> Double? {
    var (left, units) = (seconds, 0.0)
    while left > 1e-12 {
      let rate = rate(threads, run.seconds)
      let step = min(left, 0.001, (self.units - run.done) / rate)
      run.seconds += step
      run.threadSeconds += step * Double(threads)
      run.done += rate * step
      units += rate * step
      left -= step
      if run.done >= self.units * (1 - 1e-12) { return nil }
    }
    return units
  }
}
