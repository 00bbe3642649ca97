import Testing

@testable import KTask

/// A machine of two nodes that are functions: how many units a second so many threads do on each.
struct SimulatedNodes: Sendable, CustomTestStringConvertible {
  typealias Rate = @Sendable (Int) -> Double

  var name: String
  /// Threads at most.
  var most: Int
  /// Units of the task on each, which threads are shared out by.
  var units: [Double]
  var rates: [Rate]

  var testDescription: String { name }

  init(_ name: String, most: Int, units: [Double], _ first: @escaping Rate, _ second: @escaping Rate) {
    (self.name, self.most, self.units, rates) = (name, most, units, [first, second])
  }

  /// What a run came to: seconds, and those of its threads in all.
  struct Run { var (seconds, threadSeconds) = (0.0, 0.0) }

  private func shares(of threads: Int) -> [Int] {
    if threads == 1 { return [1, 0] }
    let first = Int((Double(threads) * units[0] / (units[0] + units[1])).rounded(.up))
    return [min(max(first, 1), threads - 1), threads - min(max(first, 1), threads - 1)]
  }

  /// With so many threads from the beginning to the end: those of the node that is done first go to the other one.
  func run(threads: Int) -> Run {
    let shares = shares(of: threads)
    let times = (0...1).map { shares[$0] == 0 ? .infinity : units[$0] / rates[$0](shares[$0]) }
    let first = times[0] <= times[1] ? 0 : 1
    let other = 1 - first
    let done = shares[other] == 0 ? 0 : times[first] * rates[other](shares[other])
    let seconds = times[first] + (units[other] - done) / rates[other](threads)
    return Run(seconds: seconds, threadSeconds: seconds * Double(threads))
  }

  /// With as many on each as its own knee says.
  func runFindingKnees() -> Run {
    var run = Run()
    var knees = shares(of: most).map { Knee(most: $0, capacity: most, now: 0) }
    var left = units
    while left[0] > 0 || left[1] > 0 {
      let open = (0...1).filter { left[$0] > 0 }
      let step = open.contains { knees[$0].isSearching } ? 0.005 : 0.016
      // to the end of a node, if that is nearer
      let time = open.reduce(step) { min($0, left[$1] / rates[$1](knees[$1].threads)) }
      let threads = open.map { knees[$0].threads }
      run.seconds += time
      run.threadSeconds += time * Double(threads.reduce(0, +))
      let now = UInt64(run.seconds * 1e9)
      for (node, count) in zip(open, threads) {
        let done = time * rates[node](count)
        left[node] = left[node] - done < 1e-9 ? 0 : left[node] - done
        let sample = KneeSample(threads: count, units: Int(done * 1e9), nanoseconds: UInt64(time * 1e9))
        if time == step { knees[node].note(sample, left: Int(left[node] * 1e9), now: now) }
        if left[node] == 0 { knees[1 - node].grow(to: most, now: now) }
      }
    }
    return run
  }
}
