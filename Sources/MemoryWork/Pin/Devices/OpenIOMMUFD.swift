internal import LinuxSystem

/// From PCI addresses to an iommufd's address space that they are attached to.
extension DeviceSpaces {
  /// No devices: an address space that nothing is attached to, and that pins nothing. `mapsFiles`: the memory is a
  /// file's, which is mapped as such where the kernel can.
  static func iommufd(_ addresses: [String], mapsFiles: Bool) throws(MemoryError) -> DeviceSpaces {
    let iommufd = try opening(IOMMUFD.path, of: "iommufd") { () throws(Errno) in Owned(try IOMMUFD.open()) }
    var devices: [IOMMUGroup.Device] = []
    for address in addresses { devices.append(try device(address)) }
    let nodes = try nodes(of: devices)
    let attached =
      nodes.count < devices.count ? try joinGroups(of: devices, iommufd) : try attach(devices, nodes, iommufd)
    let space = attached.space
    let addressSpace = try attempting(.inspect, IOMMUFD.path) { () throws(Errno) in
      try iommufd.value.addressSpace(space)
    }
    let kind: MappedSpace.Kind = mapsFiles && iommufd.value.canMapFiles(space) ? .iommufdFiles : .iommufd
    return DeviceSpaces(
      [MappedSpace(kind: kind, descriptor: iommufd.value.number, space: space)], [addressSpace],
      isPinning: !addresses.isEmpty, threads: .max, path: addresses.first ?? IOMMUFD.path,
      owners: [iommufd] + attached.owners)
  }

  private struct Attached {
    var space: UInt32
    var owners: [any Sendable & AnyObject]
  }

  /// A device that is there, and vfio-pci's.
  private static func device(_ address: String) throws(MemoryError) -> IOMMUGroup.Device {
    let found = try requiring(address) { () throws(Unreadable) in try IOMMUGroup.Device.pci(address) }
    guard let device = found else { throw MemoryError(.noPin(.noDevice), path: address) }
    if try group(of: device) == nil { throw MemoryError(.noPin(.noIOMMU), path: address) }
    if device.driver != "vfio-pci" { throw MemoryError(.noPin(.notBound([device])), path: address) }
    return device
  }

  /// nil: it has none.
  private static func group(of device: IOMMUGroup.Device) throws(MemoryError) -> Int? {
    try requiring(device.address) { () throws(Unreadable) in try device.group() }
  }

  /// The devices' own nodes; not as many where a kernel has none for them (before 6.6).
  private static func nodes(of devices: [IOMMUGroup.Device]) throws(MemoryError) -> [String] {
    var nodes: [String] = []
    for device in devices {
      let node = try requiring(device.address) { () throws(Unreadable) in try device.vfioNode() }
      if let node { nodes.append(node) }
    }
    return nodes
  }

  /// Each by its own node.
  private static func attach(
    _ devices: [IOMMUGroup.Device], _ nodes: [String], _ iommufd: Owned<IOMMUFD>
  ) throws(MemoryError) -> Attached {
    let space = try attempting(.open, IOMMUFD.path) { () throws(Errno) in try iommufd.value.newSpace() }
    var open: [Owned<FileDescriptor>] = []
    for (device, node) in zip(devices, nodes) {
      do throws(Errno) {
        open.append(Owned(try iommufd.value.attach(node, to: space)))
      } catch {
        throw MemoryError(try refusal(error, device).map { .noPin($0) } ?? .failed(.open, error), path: device.address)
      }
    }
    return Attached(space: space, owners: open)
  }

  /// EPERM is the kernel's word for a group that it cannot hand over, because something else drives or has one of its
  /// devices or because of their interrupts; for a node that may not be opened it is EACCES.
  private static func refusal(_ error: Errno, _ device: IOMMUGroup.Device) throws(MemoryError) -> PinRefusal? {
    switch error {
    case .busy: return .openElsewhere
    case .permission:
      guard let number = try group(of: device), let group = try facts(number, device.address) else { return nil }
      if group.devices.contains(where: { $0.driver != nil && $0.driver != "vfio-pci" }) {
        return .notViable(group.devices)
      }
      return isOpen(group.number) ? .openElsewhere : .noInterruptRemapping(module: "iommufd")
    default: return nil
    }
  }

  /// Whether a device of the group is open, by its own node or the group's.
  private static func isOpen(_ group: Int) -> Bool {
    do throws(Errno) {
      _ = try VFIOGroup.open(group)
      return false
    } catch {
      return error == .busy
    }
  }

  /// As VFIO's groups, with the iommufd as their container.
  private static func joinGroups(
    of devices: [IOMMUGroup.Device], _ iommufd: Owned<IOMMUFD>
  ) throws(MemoryError) -> Attached {
    var groups: [Int: Owned<VFIOGroup>] = [:]
    var open: [Owned<FileDescriptor>] = []
    for device in devices {
      guard let number = try group(of: device) else { throw MemoryError(.noPin(.noIOMMU), path: device.address) }
      let group: Owned<VFIOGroup>
      if let known = groups[number] {
        group = known
      } else {
        group = try openGroup(number)
        try attempting(.open, device.address) { () throws(Errno) in try group.value.join(iommufd.value) }
        groups[number] = group
      }
      open.append(try attach(device.address, of: group, path: device.address))
    }
    let space = try attempting(.open, IOMMUFD.path) { () throws(Errno) in try iommufd.value.groupSpace() }
    return Attached(space: space, owners: open + groups.values.map { $0 })
  }
}
