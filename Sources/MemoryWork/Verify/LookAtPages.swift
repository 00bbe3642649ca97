internal import KTask
internal import LinuxSystem
internal import Synchronization

/// verify: a chunk makes those pages visible that are there, by reading, and counts them. Where one has gone meanwhile the
/// others are looked at one by one.
@safe
struct LookAtPages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs, counts are added to atomically.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  /// Bytes that were there, for each region.
  let seen: UnsafeMutablePointer<Atomic<Int>>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var bytes = 0
    var index = region.firstPresent(after: start.offset)
    while index < region.presentCount {
      let there = region.present(index, from: start.offset, to: end.offset)
      if there.isEmpty { break }
      bytes += try region.look(there.lowerBound, there.upperBound)
      index += 1
    }
    unsafe seen[start.region].wrappingAdd(bytes, ordering: .relaxed)
  }
}

extension Region {
  /// Makes the pages between two offsets visible; the bytes that were there.
  @_noLocks
  func look(_ from: Int, _ to: Int) throws(ChunkFailure) -> Int {
    if try lookAtOnce(from, to) { return to - from }
    if to - from <= pageSize { return 0 }
    var bytes = 0
    for page in stride(from: from, to: to, by: pageSize) where try lookAtOnce(page, min(page + pageSize, to)) {
      bytes += min(pageSize, to - page)
    }
    return bytes
  }

  /// False where a page was missing.
  @_noLocks
  private func lookAtOnce(_ from: Int, _ to: Int) throws(ChunkFailure) -> Bool {
    do throws(Errno) {
      try makePages(address + UInt(from), to - from)
      return true
    } catch {
      if error == .fault { return false }
      throw ChunkFailure(operation: .inspect, errno: error)
    }
  }
}

/// Bytes that were seen of each file.
@safe
final class SeenBytes {
  let counts: UnsafeMutablePointer<Atomic<Int>>
  private let count: Int

  init(_ count: Int) {
    self.count = count
    unsafe counts = .allocate(capacity: count)
    for index in 0..<count { unsafe (counts + index).initialize(to: Atomic(0)) }
  }

  deinit {
    unsafe counts.deinitialize(count: count)
    unsafe counts.deallocate()
  }

  subscript(index: Int) -> Int { unsafe counts[index].load(ordering: .relaxed) }
}
