/// What became of a task.
public struct TaskOutcome<Position: BitwiseCopyable, Failure: Error>: Sendable {
  public enum End: Sendable, Equatable {
    /// Every unit was done.
    case finished
    /// A chunk failed: everything else was undone.
    case failed
    /// Cancelled before the last chunk was handed out: everything was undone.
    case cancelled
  }

  /// What one thread did.
  public struct Thread: Sendable, Equatable {
    public var isHelper: Bool
    /// The node whose CPUs it ran on; nil: any that the caller may use.
    public var node: Int?
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
  /// What bounded the thread count, and what an explicit request went beyond.
  public var bounds: [Bound]
  public var exceededBounds: [Bound]
  /// How the tail was bounded, and how many helpers the caller's priority was lent to.
  public var priority: HelperPriority
  public var lent: Int
  /// The largest chunk that a thread might take, in units.
  public var chunk: Int
  /// From the moment the first chunk could be taken to the end of the last.
  public var seconds: Double
  public var unitsDone: Int
  /// Units given to the undo function; `unitsDone` after a failure or a cancellation, else 0.
  public var unitsUndone: Int
}
