public import CLinux

/// An iommufd: address spaces that devices are attached to (/dev/iommu, Linux 6.2). Closed, its mappings are gone.
public struct IOMMUFD: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  /// The descriptor's number, for calls inside a chunk.
  public var number: Int32 { descriptor.number }

  /// Its device file.
  public static let path = "/dev/iommu"

  /// Opens /dev/iommu.
  public static func open() throws(Errno) -> IOMMUFD {
    IOMMUFD(descriptor: try FileDescriptor.openDevice(path))
  }

  /// A new address space (IOMMU_IOAS_ALLOC); what it maps is pinned once a device is attached.
  public func newSpace() throws(Errno) -> UInt32 {
    var space: UInt32 = 0
    try Errno.check(unsafe clinux_iommufd_new_space(number, &space))
    return space
  }

  /// The address space of the groups that are in this iommufd (IOMMU_VFIO_IOAS). ENODEV: there is none.
  public func groupSpace() throws(Errno) -> UInt32 {
    var space: UInt32 = 0
    try Errno.check(unsafe clinux_iommufd_group_space(number, &space))
    return space
  }

  /// Opens a device of VFIO's by its own node's name, such as vfio0, and attaches it to an address space. The
  /// descriptor keeps it attached. EBUSY: somebody else has it, which the kernel calls EINVAL.
  public func attach(_ node: String, to space: UInt32) throws(Errno) -> FileDescriptor {
    let device = try FileDescriptor.openDevice("/dev/vfio/devices/\(node)")
    let error = clinux_iommufd_bind(device.number, number)
    try Errno.check(error == Errno.invalid.code ? Errno.busy.code : error)
    try Errno.check(clinux_iommufd_attach(device.number, space))
    return device
  }

  /// What an address space can map (IOMMU_IOAS_IOVA_RANGES).
  public func addressSpace(_ space: UInt32) throws(Errno) -> DeviceAddressSpace {
    var facts = clinux_iommufd_facts()
    try Errno.check(unsafe clinux_iommufd_facts(number, space, &facts))
    let ranges = unsafe withUnsafeBytes(of: &facts.ranges) { bytes in
      unsafe bytes.bindMemory(to: clinux_iova_range.self).prefix(facts.range_count).map { DeviceAddresses($0) }
    }
    return DeviceAddressSpace(ranges: ranges, pageSize: max(1, Int(clamping: facts.alignment)), mappingsLeft: nil)
  }

  /// Maps memory at a device's address (IOMMU_IOAS_MAP), and pins it where a device is attached.
  /// ENOMEM: beyond RLIMIT_MEMLOCK, without CAP_IPC_LOCK; EEXIST: the addresses are in use.
  @inlinable
  public static func map(
    _ iommufd: Int32, _ space: UInt32, _ address: UInt, at iova: UInt64, _ length: Int
  ) throws(Errno) {
    try Errno.check(clinux_iommufd_map(iommufd, space, address, iova, length))
  }

  /// Maps a part of a memfd's or hugetlbfs file's memory (IOMMU_IOAS_MAP_FILE, Linux 6.13).
  @inlinable
  public static func mapFile(
    _ iommufd: Int32, _ space: UInt32, _ file: Int32, _ offset: Int, at iova: UInt64, _ length: Int
  ) throws(Errno) {
    try Errno.check(clinux_iommufd_map_file(iommufd, space, file, UInt64(offset), iova, length))
  }

  /// Whether the kernel has `mapFile`: without a file it answers something else than that it knows no such call.
  public func canMapFiles(_ space: UInt32) -> Bool {
    clinux_iommufd_map_file(number, space, -1, 0, 0, MemoryInfo.basePageSize) != Errno.noSuchCall.code
  }

  /// Ends and unpins all mappings in a range that cuts none of them (IOMMU_IOAS_UNMAP). ENOENT: there is none.
  @inlinable
  public static func unmap(_ iommufd: Int32, _ space: UInt32, _ iova: UInt64, _ length: Int) throws(Errno) {
    try Errno.check(clinux_iommufd_unmap(iommufd, space, iova, length))
  }
}
