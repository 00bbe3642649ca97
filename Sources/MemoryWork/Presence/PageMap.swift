internal import Glibc
internal import LinuxSystem

/// A bit for each page of a file: set by the chunks of a look, each in words of its own, and read after the join.
@safe
final class PageMap: @unchecked Sendable {
  // @unchecked: no two chunks share a word, and nothing is read before all have ended.
  let words: UnsafeMutablePointer<UInt64>
  private let pageSize: Int
  private let pages: Int

  /// For `bytes`, in whole pages, none of which is marked yet; ENOMEM for more than can be told of.
  init(_ bytes: Int, pageSize: Int) throws(Errno) {
    pages = bytes / pageSize
    self.pageSize = pageSize
    // not touched before it is written: a map of a large hole costs nothing
    guard let room = unsafe calloc(pages / PageBits.perWord + 1, MemoryLayout<UInt64>.stride) else { throw .noMemory }
    unsafe words = room.assumingMemoryBound(to: UInt64.self)
  }

  deinit { unsafe free(words) }

  /// The marked pages in parts of it, which are whole pages.
  func extents(in parts: Extents) -> Extents {
    var extents = Extents()
    for part in parts.ranges {
      let last = part.upperBound / pageSize
      var page = next(from: part.lowerBound / pageSize, to: last, marked: true)
      while page < last {
        let end = next(from: page, to: last, marked: false)
        extents.append(page * pageSize..<end * pageSize)
        page = next(from: end, to: last, marked: true)
      }
    }
    return extents
  }

  /// The first page from there on that is marked, or not; the last where there is none.
  private func next(from page: Int, to last: Int, marked: Bool) -> Int {
    var word = page / PageBits.perWord
    var skipped = UInt64.max << UInt64(page % PageBits.perWord)
    while word * PageBits.perWord < last {
      let found = unsafe (marked ? words[word] : ~words[word]) & skipped
      if found != 0 { return min(last, word * PageBits.perWord + found.trailingZeroBitCount) }
      skipped = .max
      word += 1
    }
    return last
  }
}

/// The words of a map, for chunks.
enum PageBits {
  /// Pages that share a word: chunks end at multiples of these.
  static var perWord: Int { @_noLocks get { 64 } }

  /// Marks pages.
  @_noLocks
  static func mark(_ words: UnsafeMutablePointer<UInt64>, from: Int, to: Int) {
    var page = from
    while page < to {
      let bit = page % perWord
      let count = min(perWord - bit, to - page)
      let ones = count == perWord ? UInt64.max : (1 << UInt64(count)) - 1
      unsafe words[page / perWord] |= ones << UInt64(bit)
      page += count
    }
  }
}
