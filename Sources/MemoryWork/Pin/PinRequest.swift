internal import LinuxSystem

/// What is to pin memory.
public struct PinRequest: Equatable, Sendable {
  public enum With: Equatable, Sendable {
    case mlock
    case rings
    /// Containers, each of the groups that share it, by their numbers.
    case vfio([[Int]])
    /// An address space with these devices, by their PCI addresses; none: nothing is pinned until one is attached.
    case iommufd([String])
  }
  public var with: With
  /// Where the device is to see the memory; nil: wherever there is room.
  public var iovaBase: UInt64?
  /// The most bytes that one mapping or buffer has; nil: a chunk's.
  public var mapSize: Int?

  public init(with: With, iovaBase: UInt64? = nil, mapSize: Int? = nil) {
    self.with = with
    self.iovaBase = iovaBase
    self.mapSize = mapSize
  }

  /// The job; opens what it names, and says what is wrong with it.
  public func job(_ memory: PinnedMemory, method: Method?) throws(MemoryError) -> any MemoryJob {
    if let mapSize, mapSize % memory.pageSize != 0 {
      throw MemoryError(.noPin(.mapSize(mapSize)), path: memory.path, pageSize: memory.pageSize)
    }
    return switch with {
    case .mlock: try LockJob(memory, method: method)
    case .rings: try PinJob(memory, BufferPinner(memory, mapSize: mapSize), method: method)
    case .vfio(let containers):
      try PinJob(memory, DevicePinner(.vfio(containers), self, memory), method: method)
    case .iommufd(let devices):
      try PinJob(
        memory, DevicePinner(.iommufd(devices, mapsFiles: !memory.files.isEmpty), self, memory), method: method)
    }
  }
}
