internal import LinuxSystem

/// Where memory is mapped for devices: VFIO's containers, or an address space of an iommufd; open while this lives.
final class DeviceSpaces: Sendable {
  let spaces: [MappedSpace]
  let addressSpaces: [DeviceAddressSpace]
  /// Whether what is mapped there is pinned: not while no device is attached.
  let isPinning: Bool
  /// What the user named, for messages: /dev/vfio/12.
  let path: String
  private let owners: [any Sendable & AnyObject]

  /// `owners` hold open what `spaces` name by number.
  init(
    _ spaces: [MappedSpace], _ addressSpaces: [DeviceAddressSpace], isPinning: Bool, path: String,
    owners: [any Sendable & AnyObject]
  ) {
    self.spaces = spaces
    self.addressSpaces = addressSpaces
    self.isPinning = isPinning
    self.path = path
    self.owners = owners
  }
}
