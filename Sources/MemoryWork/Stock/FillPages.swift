internal import KTask
internal import LinuxSystem
internal import Synchronization

/// stock: a chunk's pages are made where they are missing, which clears them, and zeroed where they were there. There is no undo
/// for contents; pages that this run added are given back.
@safe
struct FillPages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  static var undoManner: UndoManner { .pieces }
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Atomic<Int>>
  let store: StoreForChunks

  init(_ table: RegionTable, _ store: StoreForChunks) {
    unsafe regions = UnsafePointer(table.regions)
    unsafe givenBack = unsafe table.givenBack
    self.store = store
  }

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var operation = region.recipe.operation()
    do throws(Errno) {
      try region.makePages(region.address + UInt(start.offset), end.offset - start.offset)
      operation = .clear
      try region.clearPresent(from: start.offset, to: end.offset, store)
    } catch {
      _ = region.giveBackAdded(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: operation, errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    let bytes = unsafe regions[start.region].giveBackAdded(from: start.offset, to: end.offset)
    unsafe givenBack.pointee.wrappingAdd(bytes, ordering: .relaxed)
  }
}

extension Region {
  /// Zeroes what was there before of a chunk.
  @_noLocks
  fileprivate func clearPresent(from: Int, to: Int, _ store: StoreForChunks) throws(Errno) {
    for index in firstPresent(after: from)..<presentCount {
      let dirty = present(index, from: from, to: to)
      if dirty.isEmpty { return }
      try store.clear(self, from: dirty.lowerBound, to: dirty.upperBound)
    }
  }
}
