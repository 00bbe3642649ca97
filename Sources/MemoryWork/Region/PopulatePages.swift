internal import KTask
internal import LinuxSystem
internal import Synchronization

/// Makes pages: a chunk is MADV_POPULATE_WRITE, or a touch of every page, its undo MADV_DONTNEED; of a file it gives back what
/// was not there before.
@safe
struct PopulatePages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  static var undoManner: UndoManner { .pieces }
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Atomic<Int>>

  init(_ table: RegionTable) {
    unsafe regions = UnsafePointer(table.regions)
    unsafe givenBack = unsafe table.givenBack
  }

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    do throws(Errno) {
      try region.makePages(region.address + UInt(start.offset), end.offset - start.offset)
    } catch {
      _ = region.giveBackNew(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: region.recipe.operation(), errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    let bytes = unsafe regions[start.region].giveBackNew(from: start.offset, to: end.offset)
    unsafe givenBack.pointee.wrappingAdd(bytes, ordering: .relaxed)
  }
}
