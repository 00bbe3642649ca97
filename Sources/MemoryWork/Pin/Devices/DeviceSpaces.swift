internal import LinuxSystem

/// Where memory is mapped for devices: VFIO's containers, or an address space of an iommufd; open while this lives.
final class DeviceSpaces: Sendable {
  let spaces: [MappedSpace]
  let addressSpaces: [DeviceAddressSpace]
  /// Whether what is mapped there is pinned: not while no device is attached.
  let isPinning: Bool
  /// Threads that can map at once: one in each container of VFIO, which has a lock; in an iommufd as many as there are.
  let threads: Int
  /// What the user named, for messages: /dev/vfio/12.
  let path: String
  private let owners: [any Sendable & AnyObject]

  /// `owners` hold open what `spaces` name by number.
  init(
    _ spaces: [MappedSpace], _ addressSpaces: [DeviceAddressSpace], isPinning: Bool, threads: Int,
    path: String, owners: [any Sendable & AnyObject]
  ) {
    self.spaces = spaces
    self.addressSpaces = addressSpaces
    self.isPinning = isPinning
    self.threads = threads
    self.path = path
    self.owners = owners
  }
}
