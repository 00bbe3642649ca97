// How many threads and how large a chunk: arithmetic on numbers alone, so that tables can test it.

/// The decisions about threads, chunks and node tasks. None of them asks the machine anything: what it depends on is an
/// argument.
public enum Policy {
  /// Chunks that each thread should get, so that unequal threads end together (the RFC's KTASK_CHUNKS_PER_THREAD).
  static let chunksPerThread = 4

  /// R1, with R4's system-wide limit and the cgroup's quota. 0 threads only for an empty task.
  public static func threads(_ request: TaskControl.Threads, within b: ThreadBounds) -> ThreadDecision {
    if b.size == 0 { return ThreadDecision(threads: 0, bounds: [Bound(.size, 0)], exceeded: []) }
    let hard = hardBounds(b)
    let soft = softBounds(b)
    // neither list is ever empty
    let most = hard.reduce(Int.max) { min($0, $1.threads) }
    let least = soft.reduce(most) { min($0, $1.threads) }
    switch request {
    case .automatic:
      return ThreadDecision(threads: least, bounds: soft + hard, exceeded: [])
    case .atMost(let count):
      let threads = min(least, count)
      return ThreadDecision(threads: threads, bounds: soft + hard + [Bound(.requested, count)], exceeded: [])
    case .exactly(let count):
      let threads = min(count, most)
      let asked = Bound(.requested, count)
      let exceeded = soft.filter { $0.threads < threads }
      return ThreadDecision(threads: threads, bounds: soft + hard + [asked], exceeded: exceeded)
    }
  }

  /// What no request can pass: a thread needs a CPU and something to do.
  private static func hardBounds(_ b: ThreadBounds) -> [Bound] {
    var bounds = [Bound(b.cpuBound, max(1, b.allowedCPUs))]
    if let cpus = b.cpusetCPUs { bounds.append(Bound(.cpuset, max(1, cpus))) }
    let units = ceiling(b.size, b.alignment)
    if units < b.allowedCPUs { bounds.append(Bound(.alignedUnits, units)) }
    if b.maximumThreads != .max { bounds.append(Bound(.maximumThreads, b.maximumThreads)) }
    if !b.isEnabled { bounds.append(Bound(.switchedOff, 1)) }
    return bounds
  }

  private static func softBounds(_ b: ThreadBounds) -> [Bound] {
    var bounds = [Bound(.size, ceiling(b.size, b.minimumChunk))]
    if let cores = b.physicalCores { bounds.append(Bound(.physicalCores, max(1, cores))) }
    if b.savesEnergy { bounds.append(Bound(.powerPolicy, 1)) }
    if let quota = b.cpuQuota { bounds.append(Bound(.cpuQuota, max(1, Int(min(quota.rounded(.up), 65536))))) }
    if b.helpersLeft != .max { bounds.append(Bound(.helperLimit, max(0, b.helpersLeft) + 1)) }
    return bounds
  }

  /// R2: a quarter of a thread's share, a multiple of the minimum chunk and at least that; everything at once for one
  /// thread. Bounded by the client's maximum, and always a multiple of its alignment. Only an explicit request for
  /// more threads than there are minimum chunks makes a chunk smaller than that: an equal share.
  public static func chunk(
    size: Int, threads: Int, minimum: Int, maximum: Int = .max, alignment: Int = 1
  ) -> Int {
    let most = max(alignment, maximum / alignment * alignment)
    let least = roundUp(minimum, to: alignment)
    let chunk: Int
    if threads <= 1 {
      chunk = roundUp(size, to: alignment)
    } else if threads > ceiling(size, minimum) {
      chunk = roundUp(ceiling(size, threads), to: alignment)
    } else {
      chunk = max(least, size / threads / chunksPerThread / least * least)
    }
    return max(alignment, min(chunk, most))
  }

  /// R4: helpers at once on so many CPUs, four fifths of them.
  public static func helperLimit(cpus: Int) -> Int { cpus / 5 * 4 + cpus % 5 * 4 / 5 }

  /// Which node task each thread starts with: the largest share of work per thread first, so that unequal node
  /// tasks get threads in proportion and every one that is not empty gets one, as far as they go. The first seat is
  /// the caller's; it takes one of `callersNode` where there is one.
  public static func seats(
    sizes: [Int], nodes: [Int?], threads: Int, callersNode: Int?
  ) -> [Int] {
    var seated = [Int](repeating: 0, count: sizes.count)
    var seats: [Int] = []
    let atHome = sizes.indices.filter { sizes[$0] > 0 && callersNode != nil && nodes[$0] == callersNode }
    if sizes.isEmpty { return [] }
    // a node task without a thread has an infinite share if it has work; the larger comes first
    let share = { (index: Int) in
      sizes[index] == 0 ? (0, 0) : (Double(sizes[index]) / Double(seated[index]), sizes[index])
    }
    for seat in 0..<threads {
      let candidates = seat == 0 && !atHome.isEmpty ? atHome : Array(sizes.indices)
      guard let best = candidates.max(by: { share($0) < share($1) }) else { break }
      seated[best] += 1
      seats.append(best)
    }
    return seats
  }

  /// R3: where a thread goes whose node task has nothing left: the nearest with work, then the one with most of it.
  /// nil where nothing is left anywhere. Calls back instead of taking arrays: it runs during a task (R7). Of those that
  /// are alike in both the one with the lowest `number`.
  public static func nextNodeTask(
    count: Int, remaining: (Int) -> Int, distance: (Int) -> Int, number: (Int) -> Int = { $0 }
  ) -> Int? {
    var best: (index: Int, distance: Int, remaining: Int)?
    for index in 0..<count {
      let left = remaining(index)
      if left == 0 { continue }
      let away = distance(index)
      if let found = best,
        (found.distance, -found.remaining, number(found.index)) <= (away, -left, number(index))
      {
        continue
      }
      best = (index, away, left)
    }
    return best?.index
  }

  static func ceiling(_ size: Int, _ part: Int) -> Int { size / part + (size % part == 0 ? 0 : 1) }

  /// The next multiple of `alignment`, or the last one that fits in Int.
  static func roundUp(_ size: Int, to alignment: Int) -> Int {
    let (result, overflow) = ceiling(size, alignment).multipliedReportingOverflow(by: alignment)
    return overflow ? size / alignment * alignment : result
  }
}
