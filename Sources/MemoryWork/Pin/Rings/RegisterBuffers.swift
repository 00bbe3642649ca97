internal import KTask
internal import LinuxSystem
internal import Synchronization

/// pin --with io_uring: a chunk makes its pages and registers them as buffers; its undo unregisters them.
@safe
struct RegisterBuffers: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  static var undoManner: UndoManner { .pieces }
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Atomic<Int>>
  let buffers: BufferMap

  init(_ table: RegionTable, _ buffers: BufferMap) {
    unsafe regions = UnsafePointer(table.regions)
    unsafe givenBack = unsafe table.givenBack
    self.buffers = buffers
  }

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var operation = region.recipe.operation()
    do throws(Errno) {
      try region.makePages(region.address + UInt(start.offset), end.offset - start.offset)
      operation = .register
      try buffers.register(region, from: start.offset, to: end.offset)
    } catch {
      _ = region.giveBackNew(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: operation, errno: error)
    }
  }

  func beginUndo() { buffers.sort() }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    buffers.unregister(from: start.offset, to: end.offset)
    let bytes = unsafe regions[start.region].giveBackNew(from: start.offset, to: end.offset)
    unsafe givenBack.pointee.wrappingAdd(bytes, ordering: .relaxed)
  }
}
