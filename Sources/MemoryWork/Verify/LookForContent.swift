internal import KTask
internal import LinuxSystem

/// verify --zero: a chunk with a byte that is not zero fails. What is not there is zero.
@safe
struct LookForContent: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  /// The file is read, not its mapping: what is missing there would be made.
  let isRead: Bool

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var index = region.firstPresent(after: start.offset)
    while index < region.presentCount {
      let there = region.present(index, from: start.offset, to: end.offset)
      if there.isEmpty { break }
      let found =
        isRead
        ? try region.firstContentRead(there.lowerBound, there.upperBound)
        : try region.firstContent(there.lowerBound, there.upperBound)
      if let found { throw .notZero(at: found - start.offset) }
      index += 1
    }
  }
}

extension Region {
  /// The offset of the first byte that is not zero.
  @_noLocks
  func firstContent(_ from: Int, _ to: Int) throws(ChunkFailure) -> Int? {
    do throws(Errno) {
      return try Memory.firstNonZero(address + UInt(from), to - from).map { $0 + from }
    } catch {
      if error != .fault { throw ChunkFailure(operation: .inspect, errno: error) }
      if to - from <= pageSize { return nil }
    }
    for page in stride(from: from, to: to, by: pageSize) {
      if let at = try firstContent(page, min(page + pageSize, to)) { return at }
    }
    return nil
  }

  /// The same, read from the file.
  @_noLocks
  func firstContentRead(_ from: Int, _ to: Int) throws(ChunkFailure) -> Int? {
    do throws(Errno) {
      return try FileRange.firstNonZero(file, from, to - from).map { $0 + from }
    } catch {
      throw ChunkFailure(operation: .read, errno: error)
    }
  }
}
