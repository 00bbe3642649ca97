internal import KTask
internal import LinuxSystem

/// The RFC's clients' minimum chunk: finer ones contend for page tables, coarser ones spread the finishing times.
public let usualMinimumChunk = 128 << 20

extension TaskControl {
  /// For chunks of whole pages.
  static func memory(minimumChunk: Int = usualMinimumChunk, alignment: Int) -> TaskControl {
    TaskControl(minimumChunk: minimumChunk).forMemory(minimumChunk: minimumChunk, alignment: alignment)
  }

  /// The same, for chunks of whole pages: whatever the clock makes of them, none is cut.
  func forMemory(minimumChunk: Int = usualMinimumChunk, alignment: Int) -> TaskControl {
    let least = rounded(minimumChunk, up: alignment) ?? minimumChunk / alignment * alignment
    var control = self
    control.minimumChunk = least
    control.maximumChunk = max(least, usualMinimumChunk)
    control.alignment = alignment
    return control
  }

  /// The same with no more threads than this.
  func limited(to most: Int) -> TaskControl {
    var control = self
    switch threads {
    case .exactly(let count): control.threads = .exactly(min(count, most))
    case .atMost(let count): control.threads = .atMost(min(count, most))
    case .automatic: control.threads = .atMost(most)
    }
    return control
  }
}

/// The next multiple of `page`; nil when that is beyond Int.
func rounded(_ bytes: Int, up page: Int) -> Int? {
  let (sum, overflow) = bytes.addingReportingOverflow(page - 1)
  return overflow ? nil : sum / page * page
}

/// Sizes that cannot even be added up are more than any machine has; afterwards their sums are taken for granted.
func refuseTooMuch(_ sizes: [Int], path: String? = nil) throws(MemoryError) {
  var sum = 0
  for size in sizes {
    let (next, overflow) = sum.addingReportingOverflow(size)
    if overflow { throw MemoryError(.failed(.map, .noMemory), path: path) }
    sum = next
  }
}
