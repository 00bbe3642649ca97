internal import CLinux

/// A range of the addresses that a device sees memory at (IOVA), both ends included.
public struct DeviceAddresses: Equatable, Sendable {
  /// The first address, and the last, which belongs to it.
  public let first: UInt64
  public let last: UInt64

  public init(first: UInt64, last: UInt64) {
    self.first = first
    self.last = last
  }

  init(_ raw: clinux_iova_range) { self.init(first: raw.first, last: raw.last) }
}

/// What an IOMMU can map.
public struct DeviceAddressSpace: Equatable, Sendable {
  /// Ascending and apart; empty where the kernel does not tell.
  public var ranges: [DeviceAddresses]
  /// The smallest page, in bytes: what addresses and lengths are multiples of.
  public var pageSize: Int
  /// Mappings that there may be beside those there are; nil for any number.
  public var mappingsLeft: Int?

  public init(ranges: [DeviceAddresses], pageSize: Int, mappingsLeft: Int?) {
    self.ranges = ranges
    self.pageSize = pageSize
    self.mappingsLeft = mappingsLeft
  }
}
