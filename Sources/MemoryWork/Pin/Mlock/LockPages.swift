internal import KTask
internal import LinuxSystem
internal import Synchronization

/// pin --with mlock: the range is locked as its pages come, and a chunk makes them come; its undo unlocks. Cold, a
/// chunk is locked as any program would do it.
@safe
struct LockPages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  static var undoManner: UndoManner { .pieces }
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Atomic<Int>>
  let isCold: Bool

  init(_ table: RegionTable, isCold: Bool) {
    unsafe regions = UnsafePointer(table.regions)
    unsafe givenBack = unsafe table.givenBack
    self.isCold = isCold
  }

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    let (address, length) = (region.address + UInt(start.offset), end.offset - start.offset)
    do throws(Errno) {
      if isCold {
        try Memory.lock(address, length)
      } else {
        try region.makePages(address, length)
      }
    } catch {
      _ = region.unlock(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: isCold ? .pin : region.recipe.operation(), errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    let bytes = unsafe regions[start.region].unlock(from: start.offset, to: end.offset)
    unsafe givenBack.pointee.wrappingAdd(bytes, ordering: .relaxed)
  }
}

extension Region {
  /// Unlocks, and gives back what was not there before; the bytes given back.
  @_noLocks
  func unlock(from: Int, to: Int) -> Int {
    try? Memory.unlock(address + UInt(from), to - from)
    return giveBackNew(from: from, to: to)
  }
}
