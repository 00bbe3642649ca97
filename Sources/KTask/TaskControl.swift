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
  }

  /// The least a thread takes at a time, in units; at least 1 (R1, R2).
  public var minimumChunk: Int
  /// The most a thread takes at a time, in units: bounds the time between two looks at the stop flag, also when one
  /// thread does it all. The RFC had no such bound and could not be cancelled.
  public var maximumChunk = Int.max
  /// Chunks end at multiples of this many units, but for the end of a node task; at least 1.
  public var alignment = 1
  /// The client's own bound on threads (R1).
  public var maximumThreads = Int.max
  public var threads = Threads.automatic
  /// Off: the work is called in the caller, once for each node task (R9).
  public var isEnabled = true
  /// The CPUs, nodes and quota that the policy reckons with.
  public var machine = Machine.shared
  /// Where helpers are counted (R4).
  public var budget = HelperBudget.shared

  public init(minimumChunk: Int) { self.minimumChunk = minimumChunk }
}

/// A control object or a task that makes no sense: nothing was done.
public enum TaskControlError: Error, Equatable, Sendable {
  /// padata divided by it.
  case minimumChunkBelowOne
  case maximumChunkBelowMinimum
  case alignmentBelowOne
  case threadsBelowOne
  case negativeSize(nodeTask: Int)
  /// The node tasks' sizes do not add up within Int.
  case sizeOverflow
}

/// The part of a task that belongs to one NUMA node (struct ktask_node).
public struct NodeTask<Position: BitwiseCopyable>: BitwiseCopyable {
  public var start: Position
  /// In units; 0 is an empty node task, which is skipped.
  public var size: Int
  /// nil: no node in particular.
  public var node: Int?

  @inlinable public init(start: Position, size: Int, node: Int? = nil) {
    self.start = start
    self.size = size
    self.node = node
  }
}

extension TaskControl {
  func check(sizes: [Int]) throws(TaskControlError) -> Int {
    if minimumChunk < 1 { throw .minimumChunkBelowOne }
    if maximumChunk < minimumChunk { throw .maximumChunkBelowMinimum }
    if alignment < 1 { throw .alignmentBelowOne }
    if maximumThreads < 1 { throw .threadsBelowOne }
    if case .exactly(let count) = threads, count < 1 { throw .threadsBelowOne }
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
