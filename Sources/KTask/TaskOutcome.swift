/// What became of a task.
public struct TaskOutcome<Position: BitwiseCopyable, Failure: Error>: Sendable {
  /// How a task ended.
  public enum End: Sendable, Equatable {
    /// Every unit was done.
    case finished
    /// A chunk failed: what the others did was undone.
    case failed
    /// Cancelled before the last chunk was handed out: what was done was undone.
    case cancelled
  }

  /// What one thread did.
  public struct Thread: Sendable, Equatable {
    /// False for the caller.
    public var isHelper: Bool
    /// The node whose CPUs it ran on; nil: any that the caller may use.
    public var node: Int?
    /// Chunks that it finished, and their units.
    public var chunks: Int
    public var units: Int
    /// From its first look for work to its last.
    public var seconds: Double
    /// Times it went on to another node task.
    public var moves: Int
  }

  public var end: End
  /// Every failed chunk, the first in time first: that one is the result (R5).
  public var failures: [FailedChunk<Position, Failure>]
  /// The caller first.
  public var threads: [Thread]
  /// What bounded the thread count.
  public var bounds: [Bound]
  /// Bounds of the policy that an explicit request passed.
  public var exceededBounds: [Bound]
  /// The helpers' nice value, and how the tail was bounded.
  public var priority: HelperPriority
  /// Helpers that the caller's priority was lent to.
  public var lent: Int
  /// The largest chunk that a thread might take, in units.
  public var chunk: Int
  /// From the moment the first chunk could be taken to the end of the last.
  public var seconds: Double
  /// Units of all chunks that were finished.
  public var unitsDone: Int
  /// Units given to the undo function; `unitsDone` after a failure or a cancellation, else 0.
  public var unitsUndone: Int
  /// The least number of threads that was as fast as any, where `TaskControl.findsKnee` is on and it was found; and the
  /// throughputs that were measured on the way, the first of them.
  public var knee: Int?
  public var steps: [KneeSample] = []
}
