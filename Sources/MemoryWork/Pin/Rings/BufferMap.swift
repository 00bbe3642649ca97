internal import LinuxSystem
internal import Synchronization

/// Where buffers are registered: which part of the memory is in which slot of which ring.
///
/// Chunks claim slots by counting, the next buffer on the next ring: threads at work at the same time are on
/// different rings, whose registering the kernel serialises, and no ring has many huge pages to compare.
@safe
struct BufferMap: BitwiseCopyable, @unchecked Sendable {
  // @unchecked: a slot is written by the chunk that claimed it, and read after the join.
  struct Slot: BitwiseCopyable {
    var offset = 0
    /// 0: empty.
    var length = 0
  }
  let slots: UnsafeMutablePointer<Slot>
  let capacity: Int
  let rings: UnsafePointer<Int32>
  let ringCount: Int
  let next: UnsafeMutablePointer<Atomic<Int>>
  /// The slots in the order of their offsets, once they are unregistered part by part.
  let order: UnsafeMutablePointer<Int>
  /// The most that one buffer has.
  let largest: Int

  /// Registers a part of a region, in as many buffers as it takes. What fails leaves none of them registered.
  @_noLocks
  func register(_ region: Region, from: Int, to: Int) throws(Errno) {
    let count = (to - from + largest - 1) / largest
    let first = unsafe next.pointee.wrappingAdd(count, ordering: .relaxed).oldValue
    if first + count > capacity { throw .noSpace }
    for index in 0..<count {
      let offset = from + index * largest
      let length = min(largest, to - offset)
      do throws(Errno) {
        let slot = first + index
        try unsafe BufferRing.register(
          rings[slot % ringCount], slot / ringCount, region.address + UInt(offset), length)
        unsafe slots[slot] = Slot(offset: offset, length: length)
      } catch {
        for made in first..<first + index { empty(made) }
        throw error
      }
    }
  }

  private var used: Int { min(capacity, unsafe next.pointee.load(ordering: .relaxed)) }

  /// After the join, and before parts are unregistered: on one thread.
  func sort() {
    let sorted = (0..<used).sorted { unsafe slots[$0].offset < slots[$1].offset }
    unsafe order.update(from: sorted, count: used)
  }

  /// Unregisters the buffers that begin between two offsets.
  func unregister(from: Int, to: Int) {
    var (low, high) = (0, used)
    while low < high {
      let middle = (low + high) / 2
      if unsafe slots[order[middle]].offset < from { low = middle + 1 } else { high = middle }
    }
    while low < used, case let slot = unsafe order[low], unsafe slots[slot].offset < to {
      if unsafe slots[slot].length > 0 { empty(slot) }
      low += 1
    }
  }

  @_noLocks
  private func empty(_ index: Int) {
    try? unsafe BufferRing.empty(rings[index % ringCount], index / ringCount)
    unsafe slots[index].length = 0
  }
}
