/// A failed chunk: where it was, and the thread function's error.
public struct FailedChunk<Position: BitwiseCopyable, Failure: Error>: @unchecked Sendable {
  // @unchecked: positions may be unsafe pointers, which the engine only hands on.

  /// The node task, by its index in the list given.
  public let nodeTask: Int
  /// From where it was to be done, and up to where.
  public let start: Position
  public let end: Position
  /// Units from the start of the node task.
  public let offset: Int
  /// Its length.
  public let units: Int
  /// The thread function's.
  public let error: Failure

  @inlinable
  init(nodeTask: Int, start: Position, end: Position, offset: Int, units: Int, error: Failure) {
    self.nodeTask = nodeTask
    self.start = start
    self.end = end
    self.offset = offset
    self.units = units
    self.error = error
  }
}
