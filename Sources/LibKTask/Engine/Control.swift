internal import CKTask
internal import KTask

/// What clients ask of the engine, in a control object or in the options of a memory call.
struct Wishes {
  var flags: UInt32
  var nice: Int32
  var threads: Int
  var mostThreads: Int
  var lingering: UInt64

  func isSet(_ flag: Int) -> Bool { flags & UInt32(flag) != 0 }
}

extension TaskControl {
  /// nil: the wishes make no sense.
  init?(minimumChunk: Int, _ wishes: Wishes) {
    // size_t that is no Int is negative here
    guard minimumChunk > 0, wishes.threads >= 0, wishes.mostThreads >= 0 else { return nil }
    self.init(minimumChunk: minimumChunk)
    if wishes.threads > 0 { threads = .exactly(wishes.threads) }
    if wishes.mostThreads > 0 { maximumThreads = wishes.mostThreads }
    isEnabled = !wishes.isSet(KTASK_OFF)
    if wishes.isSet(KTASK_NICE) {
      guard (-20...19).contains(wishes.nice) else { return nil }
      helpersNice = Int(wishes.nice)
    }
    lendsPriority = !wishes.isSet(KTASK_NO_LEND)
    ignoresPowerPolicy = wishes.isSet(KTASK_IGNORE_POWER)
    lingering = wishes.lingering
  }

  /// nil: a control object that makes no sense.
  init?(_ ctl: ktask_ctl) {
    let wishes = unsafe Wishes(
      flags: ctl.kc_flags, nice: ctl.kc_nice, threads: ctl.kc_threads, mostThreads: ctl.kc_max_threads,
      lingering: ctl.kc_lingering_ns)
    unsafe self.init(minimumChunk: ctl.kc_min_chunk_size, wishes)
    if !wishes.isSet(KTASK_SMALL_STACKS) { helperStack = Self.stackOfClients }
    if unsafe ctl.kc_alignment != 0 { unsafe alignment = ctl.kc_alignment }
    if unsafe ctl.kc_max_chunk_size != 0 { unsafe maximumChunk = ctl.kc_max_chunk_size }
  }
}

extension TaskControl {
  /// Bytes: a client's function goes as deep in a helper as it does in any other thread.
  private static let stackOfClients = 8 << 20
}

extension Bound.What {
  /// The bound's number in the interface.
  var number: ktask_bound {
    switch self {
    case .size: KTASK_BOUND_SIZE
    case .allowedCPUs, .onlineCPUs: KTASK_BOUND_CPUS
    case .cpuset: KTASK_BOUND_CPUSET
    case .physicalCores: KTASK_BOUND_CORES
    case .cpuQuota: KTASK_BOUND_QUOTA
    case .powerPolicy: KTASK_BOUND_POWER
    case .maximumThreads: KTASK_BOUND_MAX_THREADS
    case .helperLimit: KTASK_BOUND_HELPERS
    case .alignedUnits: KTASK_BOUND_ALIGNMENT
    case .switchedOff: KTASK_BOUND_OFF
    case .requested: KTASK_BOUND_REQUESTED
    // of tasks that find theirs, which nobody asks for here
    case .knee: KTASK_BOUND_NONE
    case .threadCreation: KTASK_BOUND_THREAD_CREATION
    }
  }
}

extension [Bound] {
  /// The one that won: the first of the least.
  var winner: ktask_bound { self.min { $0.threads < $1.threads }?.what.number ?? KTASK_BOUND_NONE }
}
