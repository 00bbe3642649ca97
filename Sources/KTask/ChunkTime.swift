/// What one chunk is to take, in nanoseconds.
@frozen
public struct ChunkTime: BitwiseCopyable, Hashable, Sendable {
  /// A chunk that takes less than this is followed by a larger one.
  public let shortest: UInt64
  /// And one that takes more by a smaller one.
  public let longest: UInt64
  /// As many times the shortest as the longest is times this: what a new chunk size aims at.
  @usableFromInline let middle: Double

  /// `shortest` is no more than `longest`, and not 0.
  public init(shortest: UInt64, longest: UInt64) {
    precondition(shortest > 0 && shortest <= longest, "a chunk takes some time")
    self.shortest = shortest
    self.longest = longest
    middle = (Double(shortest) * Double(longest)).squareRoot()
  }

  /// Soon enough for whoever cancels or waits, and thousands of times what taking a chunk costs.
  public static var usual: ChunkTime { ChunkTime(shortest: 5_000_000, longest: 50_000_000) }
}
