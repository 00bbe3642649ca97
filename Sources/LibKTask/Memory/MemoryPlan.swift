internal import CKTask
internal import KTask
internal import LinuxSystem

/// How a memory call is divided: threads, chunks of whole pages, a part for each node.
struct MemoryPlan {
  /// A thread is worth its while for so many bytes: making them takes some milliseconds, and starting a helper some tens of
  /// microseconds. The RFC's 128 MiB kept chunks from being too fine; here the clock does.
  static let usualMinimumChunk = 16 << 20

  /// nil: one thread does it at once and nobody watches, so that the engine is not asked.
  let control: TaskControl?
  /// Over in a moment, and nothing is mapped for it.
  let isSmall: Bool
  /// nil: all of it belongs to the caller's node.
  let nodeTasks: [NodeTask<UInt>]?

  /// nil: options that make no sense.
  init?(_ range: Range<UInt>, _ options: ktask_options, shares: [NodeTask<UInt>]? = nil) {
    guard unsafe options.haveSizes else { return nil }
    let asked = unsafe options.ko_min_chunk
    nodeTasks = shares
    if unsafe shares == nil && options.areUsual && range.count / 2 < (asked == 0 ? Self.usualMinimumChunk : asked) {
      control = nil
    } else {
      guard let control = unsafe Self.control(range, options) else { return nil }
      self.control = control
    }
    isSmall = control == nil && range.count < Self.usualMinimumChunk
  }

  /// Chunks cut no page, and no word of `PagesThere`.
  static func control(_ range: Range<UInt>, _ options: ktask_options) -> TaskControl? {
    guard unsafe options.haveSizes else { return nil }
    let wishes = unsafe Wishes(
      flags: options.ko_flags, nice: options.ko_nice, threads: options.ko_threads, mostThreads: options.ko_max_threads,
      lingering: options.ko_lingering_ns)
    let least = unsafe options.ko_min_chunk == 0 ? usualMinimumChunk : options.ko_min_chunk
    guard var control = TaskControl(minimumChunk: least, wishes) else { return nil }
    control.alignment = max(leastAlignment, unsafe pageSize(range, options))
    control.minimumChunk = max(control.alignment, least / control.alignment * control.alignment)
    control.maximumChunk = max(control.minimumChunk, 128 << 20)
    return control
  }

  /// Of a transparent huge page, mostly.
  private static let leastAlignment = 2 << 20

  /// As the caller says, or as the mapping has it; 0 where the kernel does not tell.
  private static func pageSize(_ range: Range<UInt>, _ options: ktask_options) -> Int {
    if unsafe options.ko_page_size != 0 { return unsafe options.ko_page_size }
    return (try? OwnMapping.at(range.lowerBound))?.pageSize ?? 0
  }
}

extension ktask_options {
  /// Pages of a size that there can be, and chunks that an Int holds.
  fileprivate var haveSizes: Bool {
    let (chunk, page) = unsafe (ko_min_chunk, ko_page_size)
    return chunk >= 0 && (page == 0 || page > 0 && page.nonzeroBitCount == 1)
  }

  /// Nothing is said of threads, nobody watches, and there is no limit of time.
  fileprivate var areUsual: Bool {
    unsafe ko_threads == 0 && ko_max_threads >= 0 && ko_watch == nil && ko_timeout_ns == 0 && !isSet(KTASK_NICE)
  }
}
