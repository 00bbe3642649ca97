// What the policy decides from, and what it decides.

/// Something that limits the thread count, and to how many threads.
public struct Bound: Hashable, Sendable {
  /// What it is that limits it. The raw values are the words of reports.
  public enum What: String, Hashable, Sendable {
    /// R1: a thread for each minimum chunk, and no more.
    case size = "size / minimum chunk"
    /// The CPUs that the caller may use (sched_getaffinity(2)).
    case allowedCPUs = "allowed CPUs"
    /// In place of the allowed ones, where those are not known.
    case onlineCPUs = "online CPUs"
    /// The CPUs of the control group's cpuset.
    case cpuset = "cgroup cpuset"
    /// One thread for each core of which the caller may use a CPU.
    case physicalCores = "physical cores"
    /// The control group's share of CPU time, rounded up.
    case cpuQuota = "cgroup CPU quota"
    /// A CPU is set to save energy: no helpers.
    case powerPolicy = "power policy"
    /// R1: the client's own bound, `TaskControl.maximumThreads`.
    case maximumThreads = "maximum threads"
    /// R4: what other tasks, of this process and of others, leave of the helpers.
    case helperLimit = "system-wide helper limit"
    /// No thread can have less than one aligned unit.
    case alignedUnits = "size / alignment"
    /// R9: `TaskControl.isEnabled` is off.
    case switchedOff = "switched off"
    /// `TaskControl.threads` asked for so many, or for no more.
    case requested = "threads asked for"
    /// More threads gained nothing: found out while the task ran.
    case knee = "bandwidth knee"
    /// The system let no more threads be started.
    case threadCreation = "thread creation"
  }
  public var what: What
  /// The most that it leaves, the caller among them.
  public var threads: Int

  public init(_ what: What, _ threads: Int) {
    self.what = what
    self.threads = threads
  }
}

/// The numbers that decide the thread count.
public struct ThreadBounds: Sendable, Equatable {
  /// Of the task, in units.
  public var size = 0
  /// Units for which a thread is worth its while.
  public var minimumChunk = 1
  /// Units that chunk lengths are multiples of.
  public var alignment = 1
  /// CPUs that the caller may use.
  public var allowedCPUs = 1
  /// Which bound those are.
  public var cpuBound = Bound.What.allowedCPUs
  /// Cores that the allowed CPUs are threads of: a second thread of a core clears little more than the first. nil: not
  /// known.
  public var physicalCores: Int?
  /// CPUs of the cgroup's cpuset; nil without one. The allowed CPUs are no more than these.
  public var cpusetCPUs: Int?
  /// CPUs' worth of time that the cgroup may use; nil without a quota.
  public var cpuQuota: Double?
  /// The client's own bound.
  public var maximumThreads = Int.max
  /// Helpers that the system-wide limit still leaves.
  public var helpersLeft = Int.max
  /// A CPU is set to save energy rather than to be fast.
  public var savesEnergy = false
  /// False: one thread.
  public var isEnabled = true

  /// One CPU, and nothing to do.
  public init() {}
}

/// The decision: how many threads, what bounded it, and what an explicit request went beyond.
public struct ThreadDecision: Sendable, Equatable {
  /// The caller among them; 0 for an empty task.
  public var threads: Int
  /// Every bound there was, whether it was the least or not.
  public var bounds: [Bound]
  /// Bounds of the policy that an explicit request exceeded.
  public var exceeded: [Bound]
}

extension ThreadDecision {
  /// Fewer threads than decided, for a reason that showed only on the way.
  mutating func lower(by bound: Bound) {
    replace(bound)
    threads = min(threads, bound.threads)
  }

  /// An explicit request that turned out to go beyond a bound.
  mutating func exceed(_ bound: Bound) {
    replace(bound)
    exceeded.removeAll { $0.what == bound.what }
    exceeded.append(bound)
  }

  private mutating func replace(_ bound: Bound) {
    bounds.removeAll { $0.what == bound.what }
    bounds.append(bound)
  }
}
