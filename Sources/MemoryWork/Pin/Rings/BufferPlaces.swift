internal import LinuxSystem
internal import Synchronization

/// Where buffers are registered: which part of the memory lies at which place of which ring.
///
/// Chunks claim places by counting, the next buffer on the next ring: threads at work at the same time are on
/// different rings, whose registering the kernel serialises, and no ring has many huge pages to compare.
@safe
struct BufferPlaces: BitwiseCopyable, @unchecked Sendable {
  // @unchecked: a place is written by the chunk that claimed it, and read after the join.
  struct Place: BitwiseCopyable {
    var offset = 0
    /// 0: empty.
    var length = 0
  }
  let places: UnsafeMutablePointer<Place>
  let capacity: Int
  let rings: UnsafePointer<Int32>
  let ringCount: Int
  let next: UnsafeMutablePointer<Atomic<Int>>
  /// The places in the order of their offsets, once they are unregistered part by part.
  let order: UnsafeMutablePointer<Int>
  /// The most that one buffer has.
  let largest: Int
  /// What a chunk fails with that finds no place; made beforehand.
  let full = Errno.noSpace

  /// Registers a part of a region, in as many buffers as it takes. What fails leaves none of them registered.
  @_noLocks
  func register(_ region: Region, from: Int, to: Int) throws(Errno) {
    let count = (to - from + largest - 1) / largest
    let first = unsafe next.pointee.wrappingAdd(count, ordering: .relaxed).oldValue
    if first + count > capacity { throw full }
    for index in 0..<count {
      let offset = from + index * largest
      let length = min(largest, to - offset)
      do throws(Errno) {
        let place = first + index
        try unsafe BufferRing.register(
          rings[place % ringCount], place / ringCount, region.address + UInt(offset), length)
        unsafe places[place] = Place(offset: offset, length: length)
      } catch {
        for made in first..<first + index { empty(made) }
        throw error
      }
    }
  }

  private var used: Int { min(capacity, unsafe next.pointee.load(ordering: .relaxed)) }

  /// After the join, and before parts are unregistered: on one thread.
  func sort() {
    let sorted = (0..<used).sorted { unsafe places[$0].offset < places[$1].offset }
    unsafe order.update(from: sorted, count: used)
  }

  /// Unregisters the buffers that begin between two offsets.
  func unregister(from: Int, to: Int) {
    var (low, high) = (0, used)
    while low < high {
      let middle = (low + high) / 2
      if unsafe places[order[middle]].offset < from { low = middle + 1 } else { high = middle }
    }
    while low < used, case let place = unsafe order[low], unsafe places[place].offset < to {
      if unsafe places[place].length > 0 { empty(place) }
      low += 1
    }
  }

  @_noLocks
  private func empty(_ index: Int) {
    try? unsafe BufferRing.empty(rings[index % ringCount], index / ringCount)
    unsafe places[index].length = 0
  }
}

/// How many rings, with how many places each.
struct RingLayout: Equatable {
  var rings: Int
  var places: Int

  /// Rings that are worth their descriptors: by then each has few huge pages to compare.
  static let mostRings = 512

  /// Rings for so many bytes in buffers of `largest` at most: one for each, but at least one for each CPU, and no
  /// more than `most`.
  static func rings(_ bytes: Int, largest: Int, cpus: Int, most: Int) -> Int {
    let buffers = (bytes - 1) / min(largest, usualMinimumChunk) + 1
    return max(1, min(max(buffers, cpus), most, mostRings))
  }

  /// nil: more buffers than the rings have places for.
  init?(buffers: Int, rings: Int) {
    self.rings = rings
    places = buffers.pieces(of: rings)
    if places > BufferRing.mostPlaces { return nil }
  }
}
