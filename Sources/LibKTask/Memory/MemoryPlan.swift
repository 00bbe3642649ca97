internal import CKTask
internal import KTask
internal import LinuxSystem

/// How a memory call is divided: threads, chunks of whole pages, a part for each node.
struct MemoryPlan {
  /// A thread is worth its while for so many bytes: making them takes some milliseconds, and starting a helper some tens of
  /// microseconds. The RFC's 128 MiB kept chunks from being too fine; here the clock does.
  static let usualMinimumChunk = 16 << 20

  let control: TaskControl
  /// nil: all of it belongs to the caller's node.
  let nodeTasks: [NodeTask<UInt>]?
  /// One thread does it at once, and nobody watches: the engine is not asked.
  let isSmall: Bool

  /// nil: options that make no sense.
  init?(_ range: Range<UInt>, _ options: ktask_options, shares: [NodeTask<UInt>]? = nil) {
    let wishes = unsafe Wishes(
      flags: options.ko_flags, nice: options.ko_nice, threads: options.ko_threads, mostThreads: options.ko_max_threads,
      lingering: options.ko_lingering_ns)
    let asked = unsafe options.ko_min_chunk
    isSmall =
      unsafe shares == nil && asked >= 0 && range.count / 2 < max(asked, Self.usualMinimumChunk)
      && options.ko_threads == 0
      && options.ko_watch == nil && options.ko_timeout_ns == 0
    // a chunk cuts no page, and no word of `PagesThere`
    let alignment = unsafe isSmall ? Self.leastAlignment : max(Self.leastAlignment, Self.pageSize(range, options))
    let least = asked == 0 ? Self.usualMinimumChunk : asked
    guard least > 0, alignment.nonzeroBitCount == 1, var control = TaskControl(minimumChunk: least, wishes) else {
      return nil
    }
    control.minimumChunk = max(alignment, least / alignment * alignment)
    control.maximumChunk = max(control.minimumChunk, 128 << 20)
    control.alignment = alignment
    self.control = control
    nodeTasks = shares
  }

  /// Of a transparent huge page, mostly.
  private static let leastAlignment = 2 << 20

  /// As the caller says, or as the mapping has it; 0 where the kernel does not tell.
  private static func pageSize(_ range: Range<UInt>, _ options: ktask_options) -> Int {
    if unsafe options.ko_page_size != 0 { return unsafe options.ko_page_size }
    return (try? OwnMapping.at(range.lowerBound))?.pageSize ?? 0
  }
}
