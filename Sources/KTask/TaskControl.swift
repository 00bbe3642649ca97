internal import LinuxSystem

/// What a client asks of the engine beside the work itself. New members get defaults, so no call site breaks (R10).
public struct TaskControl: Sendable {
  /// How many threads, the caller among them.
  public enum Threads: Sendable, Equatable {
    /// As many as the policy allows (R1, R4).
    case automatic
    /// This many: limited by the caller's CPUs, the aligned units there are, `maximumThreads` and the off switch;
    /// bounds of the policy that it exceeds are named in the outcome.
    case exactly(Int)
    /// As many as the policy allows, and no more than this many.
    case atMost(Int)
  }

  /// A thread is worth its while for so many units, at least 1: bounds the thread count (R1) and the RFC's chunk size
  /// (R2), of which the clock may make less.
  public var minimumChunk: Int
  /// The most a thread takes at a time, in units: bounds the time between two looks at the stop flag, also when one
  /// thread does it all. The RFC had no such bound and could not be cancelled. Not less than the alignment.
  public var maximumChunk = Int.max
  /// Chunks end at multiples of this many units, but for the end of a node task; at least 1.
  public var alignment = 1
  /// What a chunk is to take: chunks grow and shrink towards it, between the alignment and R2's size, so
  /// that a task ends, tells and is cancelled in time however slow its units are. nil: chunks of R2's size.
  public var chunkTime: ChunkTime? = .usual
  /// The client's own bound on threads (R1).
  public var maximumThreads = Int.max
  /// How many threads: what the policy decides, or what is asked for.
  public var threads = Threads.automatic
  /// Finds out while the task runs how many of these threads are worth while (`TaskOutcome.knee`): it begins with few, calls in
  /// more as long as they gain something, and lets those rest that gain nothing. Not where a number is asked for, nor without a
  /// `chunkTime`.
  public var findsKnee = false
  /// In place of what a knee says: how many threads work after the caller's first, second … report. For tests.
  var shifts: (@Sendable (Int) -> Int)?
  /// Off: the work is called in the caller, once for each node task (R9).
  public var isEnabled = true
  /// R8: the helpers' nice value, from -20 to 19. Not below the caller's own where the system forbids that.
  public var helpersNice = Priority.most
  /// R8: a caller that has nothing left to take lends its nice value to one unfinished helper at a time.
  public var lendsPriority = true
  /// How long a helper that has nothing to do is kept for the next task, in nanoseconds; 5 s where nothing else is said. 0: the
  /// task's helpers have ended, and are no threads of the process any more, when `run` returns. For programs that go on to
  /// unshare(2) or to confine themselves; starting them anew costs some tens of microseconds each. They
  /// end at the caller's priority where that may be lent; where it may not, on a busy machine, `run` waits for them.
  public var lingering: UInt64 = 5_000_000_000
  /// Bytes of a helper's stack, with which it is mapped and locked where the program locks all of its memory. More for thread
  /// functions that go deep; where thread-local variables leave no room in it, helpers have the C library's usual size.
  public var helperStack = 512 << 10
  /// Helpers run although a CPU is set to save energy.
  public var ignoresPowerPolicy = false
  /// The CPUs, nodes and quota that the policy reckons with. nil: this machine's, as they are when a task begins, or were a second
  /// before.
  public var machine: Machine?
  /// Where helpers are counted (R4).
  public var budget = HelperBudget.shared

  /// Everything else has a default: all CPUs that the policy allows, helpers at nice 19, lending, this machine's budget.
  public init(minimumChunk: Int) { self.minimumChunk = minimumChunk }
}

/// A control object or a task that makes no sense: nothing was done.
public enum TaskControlError: Error, Equatable, Sendable {
  /// padata divided by it.
  case minimumChunkBelowOne
  case maximumChunkBelowMinimum
  case alignmentBelowOne
  /// `maximumThreads`, or the number asked for.
  case threadsBelowOne
  /// `nodeTask`: its index in the list given.
  case negativeSize(nodeTask: Int)
  /// The node tasks' sizes do not add up within Int.
  case sizeOverflow
  /// None of nice(2)'s.
  case noNiceValue
}

extension TaskControl {
  func check(sizes: [Int]) throws(TaskControlError) -> Int {
    if minimumChunk < 1 { throw .minimumChunkBelowOne }
    if maximumChunk < minimumChunk { throw .maximumChunkBelowMinimum }
    if alignment < 1 { throw .alignmentBelowOne }
    if maximumThreads < 1 { throw .threadsBelowOne }
    if !(-20...19).contains(helpersNice) { throw .noNiceValue }
    switch threads {
    case .exactly(let count), .atMost(let count): if count < 1 { throw .threadsBelowOne }
    case .automatic: break
    }
    var total = 0
    for (index, size) in sizes.enumerated() {
      if size < 0 { throw .negativeSize(nodeTask: index) }
      let (sum, overflow) = total.addingReportingOverflow(size)
      if overflow { throw .sizeOverflow }
      total = sum
    }
    return total
  }
}
