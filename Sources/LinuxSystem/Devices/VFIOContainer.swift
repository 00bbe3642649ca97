public import CLinux

/// A VFIO group: devices that an IOMMU cannot tell apart, and that go into a container together. Closing it takes it
/// out again.
public struct VFIOGroup: ~Copyable, Sendable {
  private let descriptor: FileDescriptor

  /// Opens /dev/vfio/NUMBER. EBUSY: it is open already; ENODEV: no device of it is bound to vfio-pci.
  public static func open(_ number: Int) throws(Errno) -> VFIOGroup {
    VFIOGroup(descriptor: try FileDescriptor.openDevice("/dev/vfio/\(number)"))
  }

  /// Whether no device of the group has a driver of the kernel's (VFIO_GROUP_GET_STATUS).
  public func isViable() throws(Errno) -> Bool {
    var viable = false
    try Errno.check(unsafe clinux_vfio_group_status(descriptor.number, &viable))
    return viable
  }

  /// Puts the group into a container (VFIO_GROUP_SET_CONTAINER).
  public func join(_ container: borrowing VFIOContainer) throws(Errno) {
    try Errno.check(clinux_vfio_join(descriptor.number, container.number))
  }

  /// Puts the group into an iommufd, which stands in for a container.
  public func join(_ iommufd: borrowing IOMMUFD) throws(Errno) {
    try Errno.check(clinux_vfio_join(descriptor.number, iommufd.number))
  }

  /// A device of the group, by its name, such as 0000:00:05.0 (VFIO_GROUP_GET_DEVICE_FD).
  public func device(_ name: String) throws(Errno) -> FileDescriptor {
    var number: Int32 = -1
    try Errno.check(unsafe clinux_vfio_device(descriptor.number, name, &number))
    return FileDescriptor(owning: number)
  }
}

/// A VFIO container: the mappings of the groups in it. Closed, they are gone.
public struct VFIOContainer: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  /// The descriptor's number, for calls inside a chunk.
  public var number: Int32 { descriptor.number }

  /// Its device file.
  public static let path = "/dev/vfio/vfio"

  /// Opens /dev/vfio/vfio. EOPNOTSUPP: it has no IOMMU of type 1 version 2.
  public static func open() throws(Errno) -> VFIOContainer {
    let container = VFIOContainer(descriptor: try FileDescriptor.openDevice(path))
    try Errno.check(clinux_vfio_check(container.number))
    return container
  }

  /// Gives it an IOMMU, once a group is in it (VFIO_SET_IOMMU). EPERM: the machine has no interrupt remapping.
  public func setIOMMU() throws(Errno) { try Errno.check(clinux_vfio_set_iommu(number)) }

  /// Whether it is an iommufd in truth (CONFIG_IOMMUFD_VFIO_CONTAINER, or /dev/iommu under its name): a group that is
  /// in it is not attached to it until one of its devices is open (IOMMU_VFIO_IOAS, which only that one knows).
  public var isIOMMUFD: Bool {
    var space: UInt32 = 0
    return unsafe clinux_iommufd_group_space(number, &space) == 0
  }

  /// What it can map, once it has an IOMMU (VFIO_IOMMU_GET_INFO).
  public func addressSpace() throws(Errno) -> DeviceAddressSpace {
    var facts = clinux_vfio_facts()
    try Errno.check(unsafe clinux_vfio_facts(number, &facts))
    let ranges = unsafe withUnsafeBytes(of: &facts.ranges) { bytes in
      unsafe bytes.bindMemory(to: clinux_iova_range.self).prefix(facts.range_count).map { DeviceAddresses($0) }
    }
    let page = facts.page_sizes == 0 ? MemoryInfo.basePageSize : 1 << min(62, facts.page_sizes.trailingZeroBitCount)
    return DeviceAddressSpace(ranges: ranges, pageSize: page, mappingsLeft: Int(exactly: facts.mappings_left))
  }

  /// Pins memory and maps it for the container's devices (VFIO_IOMMU_MAP_DMA). Undone by itself where it fails.
  /// ENOMEM: beyond RLIMIT_MEMLOCK, without CAP_IPC_LOCK; ENOSPC: too many mappings; EEXIST: the addresses are in use.
  @inlinable
  public static func map(_ container: Int32, _ address: UInt, at iova: UInt64, _ length: Int) throws(Errno) {
    try Errno.check(clinux_vfio_map(container, address, iova, length))
  }

  /// Ends and unpins all mappings in a range that cuts none of them (VFIO_IOMMU_UNMAP_DMA).
  @inlinable
  public static func unmap(_ container: Int32, _ iova: UInt64, _ length: Int) throws(Errno) {
    try Errno.check(clinux_vfio_unmap(container, iova, length))
  }
}

extension FileDescriptor {
  /// Opens a device that its driver has made; ENODEV where the name means anything else.
  static func openDevice(_ path: String) throws(Errno) -> FileDescriptor {
    let device = try FileDescriptor.open(path, .readWrite)
    if try device.status().kind != .characterDevice { throw .noDevice }
    return device
  }
}
