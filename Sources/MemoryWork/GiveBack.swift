internal import KTask
internal import LinuxSystem

/// Gives anonymous memory back before it is unmapped: a chunk is MADV_DONTNEED, of which several run side by side, while
/// munmap(2) is one thread's.
///
/// Measured, 2 GiB of 4 KiB pages: munmap 0.15–0.19 s, as long as a third of making them; on two threads this way
/// 0.08–0.10 s. Of huge pages there is little to free: 4 GiB take 10 ms or 6.
@safe
struct GiveBack: TaskWork, @unchecked Sendable {
  // @unchecked: the regions are nobody else's.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    // whatever stays is unmapped in a moment
    try? Memory.giveBack(unsafe regions[start.region].address + UInt(start.offset), end.offset - start.offset)
  }

  /// `bytes` from `address` on; each of the `parts` by its node's CPUs.
  static func all(_ address: UInt, _ bytes: Int, _ parts: [Span], _ control: TaskControl) {
    let region = Region(address: address, length: bytes, pageSize: control.alignment, recipe: Recipe(pages: .none))
    let table = RegionTable([region], present: [])
    let work = unsafe GiveBack(regions: UnsafePointer(table.regions))
    _ = runMemoryTask(work, parts, table, control, nil, path: { _ in nil })
  }
}
