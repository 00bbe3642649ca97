import KTask
import LinuxSystem

/// The thread counts of a sweep, and the reasons for them.
struct ThreadSweep {
  var counts: [Int] = []
  var bounds: [Bound] = []
  var exceeded: [Bound] = []
  var warnings: [String] = []

  /// `decide`: what the engine says to a request.
  init(_ request: ThreadRequest?, decide: (TaskControl.Threads) -> ThreadDecision) {
    let policy = decide(.automatic)
    bounds = policy.bounds
    var cut: (wanted: [Int], decision: ThreadDecision)?
    for wanted in Self.wanted(request, policy: policy.threads, allowed: Machine.shared.topology.onlineCPUs.count) {
      // what was too many before is no less now
      if let known = cut, wanted > known.decision.threads {
        cut?.wanted.append(wanted)
        continue
      }
      let decision = decide(.exactly(wanted))
      if decision.threads < wanted { cut = ([wanted], decision) }
      for bound in decision.exceeded where !exceeded.contains(bound) { exceeded.append(bound) }
      if !counts.contains(decision.threads) { counts.append(decision.threads) }
    }
    if let cut, request != .all { warnings.append(Self.warning(cut.wanted, cut.decision)) }
    warnings += exceeded.map(Self.warning)
  }

  /// Threads at once.
  var most: Int { counts.max() ?? 1 }

  static func warning(exceeded bound: Bound) -> String {
    "more threads than \(bound.what.rawValue) allows, which is \(bound.threads)"
  }

  /// nil: doubling up to the policy's count.
  static func wanted(_ request: ThreadRequest?, policy: Int, allowed: Int) -> [Int] {
    switch request {
    case .automatic: [policy]
    case .all: [allowed]
    case .counts(let counts): counts
    case nil: doubling(to: policy)
    }
  }

  static func doubling(to most: Int) -> [Int] {
    var counts = [1]
    var next = 2
    while next < most {
      counts.append(next)
      next *= 2
    }
    return most > 1 ? counts + [most] : counts
  }

  private static func warning(_ wanted: [Int], _ decision: ThreadDecision) -> String {
    // the last are those that no request passes; what is less than was granted was passed
    let reason = decision.bounds.last { $0.what != .requested && $0.threads == decision.threads }
    let (least, most) = (wanted.min() ?? 0, wanted.max() ?? 0)
    let counts = least == most ? "\(least) threads" : "\(wanted.count) counts from \(least) to \(most) threads"
    return "\(counts) asked for, \(decision.threads) used: \(reason?.what.rawValue ?? "")"
  }
}

extension ThreadRequest? {
  /// Counts that the user wrote: they pass the policy's bounds. Those that follow from the policy keep to what it allows at
  /// the time of each run, when other processes' helpers may be there.
  func control(_ count: Int) -> TaskControl.Threads {
    switch self {
    case .counts, .all: .exactly(count)
    case .automatic, nil: .atMost(count)
    }
  }
}
