internal import KTask
internal import LinuxSystem
internal import Synchronization

/// pin --with vfio and iommufd: a chunk makes its pages and maps them for devices; its undo unmaps them.
///
/// The kernel maps one chunk at a time in a container: with several of them, chunks begin at one that is free, whatever
/// lengths the clock gives them.
@safe
struct MapForDevices: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions and spaces do not change while a task runs.
  static var undoManner: UndoManner { .wholeRuns }
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Atomic<Int>>
  let spaces: UnsafePointer<MappedSpace>
  let spaceCount: Int
  let use: SpaceUse
  /// Where devices see the region's first byte.
  let base: UInt64
  /// The most that one mapping has, in bytes.
  let largest: Int

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var operation = region.recipe.operation()
    do throws(Errno) {
      try region.makePages(region.address + UInt(start.offset), end.offset - start.offset)
      operation = .mapForDevices
      try map(region, from: start.offset, to: end.offset)
    } catch {
      _ = region.giveBackNew(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: operation, errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    for index in 0..<spaceCount {
      unsafe spaces[index].unmap(at: base + UInt64(start.offset), end.offset - start.offset)
    }
    let bytes = unsafe regions[start.region].giveBackNew(from: start.offset, to: end.offset)
    unsafe givenBack.pointee.wrappingAdd(bytes, ordering: .relaxed)
  }

  /// In every space. What fails leaves the part mapped in none.
  @_noLocks
  private func map(_ region: Region, from: Int, to: Int) throws(Errno) {
    let first = use.enterFree(usual: from / (to - from) % spaceCount)
    for turn in 0..<spaceCount {
      let space = (first + turn) % spaceCount
      if turn > 0 { use.enter(space) }
      defer { use.leave(space) }
      do throws(Errno) {
        try map(region, from: from, to: to, in: space)
      } catch {
        for done in 0..<turn {
          unsafe spaces[(first + done) % spaceCount].unmap(at: base + UInt64(from), to - from)
        }
        throw error
      }
    }
  }

  @_noLocks
  private func map(_ region: Region, from: Int, to: Int, in index: Int) throws(Errno) {
    let space = unsafe spaces[index]
    var at = from
    while at < to {
      let length = min(largest, to - at)
      do throws(Errno) {
        try space.map(region, at, length, at: base + UInt64(at))
      } catch {
        if at > from { space.unmap(at: base + UInt64(from), at - from) }
        throw error
      }
      at += length
    }
  }
}

/// One address space of devices: numbers only, for chunks.
struct MappedSpace: BitwiseCopyable {
  enum Kind: BitwiseCopyable { case vfio, iommufd, iommufdFiles }
  var kind: Kind
  /// The container or the iommufd, and in that the space's number.
  var descriptor: Int32
  var space: UInt32 = 0

  @_noLocks
  func map(_ region: Region, _ offset: Int, _ length: Int, at iova: UInt64) throws(Errno) {
    switch kind {
    case .vfio: try VFIOContainer.map(descriptor, region.address + UInt(offset), at: iova, length)
    case .iommufd: try IOMMUFD.map(descriptor, space, region.address + UInt(offset), at: iova, length)
    case .iommufdFiles: try IOMMUFD.mapFile(descriptor, space, region.file, offset, at: iova, length)
    }
  }

  /// False where something may still be mapped.
  @_noLocks
  @discardableResult
  func unmap(at iova: UInt64, _ length: Int) -> Bool {
    do throws(Errno) {
      switch kind {
      case .vfio: try VFIOContainer.unmap(descriptor, iova, length)
      case .iommufd, .iommufdFiles: try IOMMUFD.unmap(descriptor, space, iova, length)
      }
      return true
    } catch {
      // nothing was
      return error == .noEntry
    }
  }
}
