/// The part of a task that belongs to one NUMA node (struct ktask_node).
public struct NodeTask<Position: BitwiseCopyable>: BitwiseCopyable {
  /// Where its first unit is.
  public var start: Position
  /// In units; 0 is an empty node task, which is skipped.
  public var size: Int
  /// nil: no node in particular (NUMA_NO_NODE); its helpers run on any CPU that the caller may use.
  public var node: Int?

  @inlinable public init(start: Position, size: Int, node: Int? = nil) {
    self.start = start
    self.size = size
    self.node = node
  }
}
