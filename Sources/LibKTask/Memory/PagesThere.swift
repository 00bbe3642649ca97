internal import Glibc
internal import LinuxSystem

/// Which pages of a call's range were there before it, noted chunk by chunk: a bit for each base page. What was not noted
/// does not count as new.
@safe
final class PagesThere: @unchecked Sendable {
  // @unchecked: chunks end at multiples of what a word stands for, so that no two threads have bits of the same.
  private let first: UInt
  private let words: UnsafeMutablePointer<UInt64>

  /// Bytes of memory that a word stands for.
  private static let span = UInt(64 * MemoryInfo.basePageSize)

  /// ENOMEM: there is no room for so many.
  init(_ range: Range<UInt>) throws(Errno) {
    first = range.lowerBound / Self.span * Self.span
    let count = Int((range.upperBound - first - 1) / Self.span) + 1
    // of many words the kernel makes those that are used
    guard let words = unsafe calloc(count, MemoryLayout<UInt64>.size) else { throw .noMemory }
    unsafe self.words = words.bindMemory(to: UInt64.self, capacity: count)
  }

  deinit { unsafe free(words) }

  private func number(_ address: UInt) -> Int { Int((address - first) / UInt(MemoryInfo.basePageSize)) }

  /// Before a chunk (mincore(2)); how many there are. ENOMEM: something in it is not mapped.
  @discardableResult
  func note(_ address: UInt, _ length: Int) throws(Errno) -> Int {
    try unsafe Memory.markResident(address, length, words, first: number(address))
  }

  /// That all pages of a noted chunk were there: of none is it known that it was not.
  func noteAll(_ address: UInt, _ length: Int) {
    let first = number(address)
    for page in first..<first + length / MemoryInfo.basePageSize {
      unsafe words[page / 64] |= 1 << UInt64(page % 64)
    }
  }

  /// Whether any base page of one page was there.
  func wasThere(_ address: UInt, _ pageSize: Int) -> Bool {
    let first = number(address)
    return (first..<first + pageSize / MemoryInfo.basePageSize).contains {
      unsafe words[$0 / 64] >> UInt64($0 % 64) & 1 == 1
    }
  }
}
