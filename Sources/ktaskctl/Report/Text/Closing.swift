import KTask

extension Report {
  /// What a reader wants to know of the figures: what more threads brought, and why there were no more.
  /// "2 threads: 1.86× one, 93 % efficient; more is not to be had here (allowed CPUs)".
  var closingLines: [String] {
    let results = results
    guard let most = results.last, let best = results.min(by: { $0.median < $1.median }) else { return [] }
    var facts: [String] = []
    if best.threads > 1, let speedup = best.speedup, let efficiency = best.efficiency {
      facts.append("\(speedup.fixed(2))× one, \((efficiency * 100).fixed(0)) % efficient")
    } else if best.threads == 1 && results.count > 1 {
      facts.append("the fastest")
    }
    if let knee = best.knee, knee < best.threads {
      facts.append("\(knee) of them are enough (\(Bound.What.knee.rawValue))")
    }
    if best.threads < most.threads { facts.append("\(most.threads) are no faster") }
    if let bound = plan.boundReached { facts.append("more is not to be had here (\(bound.what.rawValue))") }
    return facts.isEmpty ? [] : ["\(best.threads.counted("thread")): " + facts.joined(separator: "; ")]
  }
}

extension Plan {
  /// What keeps the most threads of this plan from being more; nil where no more were asked for. Of several that leave as many
  /// one that no request passes, which are the last.
  var boundReached: Bound? {
    let most = threadCounts.max() ?? 1
    return bounds.last { $0.threads == most && $0.what != .requested }
  }
}
