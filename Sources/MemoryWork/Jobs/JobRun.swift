public import KTask
public import LinuxSystem

/// One run of a job: what it took, what its threads did, what went wrong and what was taken back.
public struct JobRun: Sendable {
  public enum End: Sendable, Equatable { case finished, failed, cancelled }

  public struct Thread: Sendable, Equatable {
    public var node: Int?
    public var chunks: Int
    public var bytes: Int
    public var seconds: Double

    public init(node: Int?, chunks: Int, bytes: Int, seconds: Double) {
      self.node = node
      self.chunks = chunks
      self.bytes = bytes
      self.seconds = seconds
    }
  }

  public var end: End
  /// Wall-clock seconds, helpers' start included.
  public var seconds: Double
  /// CPU time, of all threads; nil where the kernel does not tell.
  public var usage: ResourceUsage?
  /// The caller first.
  public var threads: [Thread]
  /// Every failed chunk, the first in time first.
  public var errors: [MemoryError]
  public var bounds: [Bound]
  public var exceededBounds: [Bound]
  public var chunkBytes: Int
  /// Bytes that the undo gave back.
  public var undoneBytes: Int
  /// The least number of threads that was as fast as any, where that was to be found out and was; and what was measured for it, in
  /// bytes.
  public var knee: Int?
  public var steps: [KneeSample] = []
  /// What cleared it in place; nil: nothing was.
  public var store: StoreUse?

  /// A pass and the one before it, as one run: the time of both, and the threads of the one that took it.
  func after(_ first: JobRun) -> JobRun {
    var both = self
    both.seconds += first.seconds
    both.usage = usage.flatMap { own in first.usage.map { own + $0 } }
    if end == .finished { (both.threads, both.knee, both.steps) = (first.threads, first.knee, first.steps) }
    return both
  }
}

/// With which store memory was cleared in place.
public struct StoreUse: Sendable, Equatable {
  public var store: Memory.Store
  /// Bytes that each clears in a second of one thread's CPU time, beside the others' work; empty: none was tried, and it is the C library's.
  public var tried: [Memory.Store: Double]
}

/// The bytes of a region that belong together to one node, or to none: a node task.
public struct Span: Sendable, Equatable {
  /// The region's place in the job.
  public var region: Int
  public var range: Range<Int>
  /// nil: no node in particular.
  public var node: Int?

  public init(region: Int, range: Range<Int>, node: Int? = nil) {
    self.region = region
    self.range = range
    self.node = node
  }
}

extension [Span] {
  /// What of them lies in `window`, as parts of `region`.
  func clamped(to window: Range<Int>, region: Int) -> [Span] {
    compactMap { part in
      let range = part.range.clamped(to: window)
      return range.isEmpty ? nil : Span(region: region, range: range, node: part.node)
    }
  }
}
