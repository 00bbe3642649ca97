internal import LinuxSystem
internal import Synchronization

/// The rings of a run, and the map of the buffers in them.
@safe
final class BufferRings: MadePins {
  private let buffers: BufferMap
  private let count = PinCount()
  private let rings: [Owned<BufferRing>]
  private let numbers: UnsafeMutablePointer<Int32>

  init(_ layout: RingLayout, largest: Int) throws(MemoryError) {
    var rings: [Owned<BufferRing>] = []
    do throws(Errno) {
      for _ in 0..<layout.rings { rings.append(Owned(try BufferRing.make(places: layout.places))) }
    } catch {
      throw MemoryError(.noPin(.noRing(error)), path: "io_uring")
    }
    self.rings = rings
    unsafe numbers = .allocate(capacity: rings.count)
    for (index, ring) in rings.enumerated() { unsafe (numbers + index).initialize(to: ring.value.number) }
    let capacity = layout.rings * layout.places
    unsafe buffers = BufferMap(
      slots: .allocate(capacity: capacity), capacity: capacity, rings: UnsafePointer(numbers),
      ringCount: rings.count, next: .allocate(capacity: 1), order: .allocate(capacity: capacity), largest: largest)
    unsafe buffers.order.initialize(repeating: 0, count: capacity)
    unsafe buffers.slots.initialize(repeating: .init(), count: capacity)
    unsafe buffers.next.initialize(to: Atomic(0))
  }

  deinit {
    unsafe numbers.deallocate()
    unsafe buffers.slots.deallocate()
    unsafe buffers.order.deallocate()
    unsafe buffers.next.deinitialize(count: 1)
    unsafe buffers.next.deallocate()
  }

  func work(_ table: RegionTable) -> RegisterBuffers { RegisterBuffers(table, buffers) }

  func verify(_ memory: PinnedMemory, _ verification: inout Verification) throws(MemoryError) {
    switch count.grown() {
    case .success(let grown):
      verification.pinnedBytes = grown.pinned
      let missing = memory.bytes - grown.pinned
      if missing > 0 { throw MemoryError(.notPinned(bytes: missing), path: memory.path) }
    case .failure(let unread): verification.unread.append(unread)
    }
  }

  func release() -> Bool {
    let isDropped = rings.reduce(true) { isDropped, ring in (try? ring.value.dropAll()) != nil && isDropped }
    guard let grown = count.grown().known else { return isDropped }
    return isDropped && grown.pinned <= 0
  }
}
