/// Devices that the IOMMU cannot tell apart (/sys/kernel/iommu_groups).
public struct IOMMUGroup: Equatable, Sendable {
  /// One of its devices.
  public struct Device: Equatable, Sendable {
    /// Such as 0000:00:05.0.
    public let address: String
    /// nil: none.
    public let driver: String?

    public init(address: String, driver: String?) {
      self.address = address
      self.driver = driver
    }
  }
  /// The group's name in the kernel.
  public let number: Int
  /// By address.
  public let devices: [Device]

  public init(number: Int, devices: [Device]) {
    self.number = number
    self.devices = devices
  }

  private static let directory = "/sys/kernel/iommu_groups"

  /// The groups' numbers, ascending; none where the kernel uses no IOMMU.
  public static func numbers(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> [Int] {
    try files.numbers(in: directory, after: "") ?? []
  }

  /// nil: there is none of that number.
  public static func of(
    _ number: Int, _ files: SystemFiles = SystemFiles()
  ) throws(Unreadable) -> IOMMUGroup? {
    let directory = "\(directory)/\(number)/devices"
    guard let addresses = try files.names(in: directory) else { return nil }
    var devices: [Device] = []
    for address in addresses {
      devices.append(Device(address: address, driver: try files.linkedName("\(directory)/\(address)/driver")))
    }
    return IOMMUGroup(number: number, devices: devices)
  }
}

extension IOMMUGroup.Device {
  /// The PCI device at an address; nil: there is none.
  public static func pci(
    _ address: String, _ files: SystemFiles = SystemFiles()
  ) throws(Unreadable) -> IOMMUGroup.Device? {
    let device = "/sys/bus/pci/devices/\(address)"
    if try files.names(in: device) == nil { return nil }
    return IOMMUGroup.Device(address: address, driver: try files.linkedName(device + "/driver"))
  }

  /// The number of its group; nil: no IOMMU is in its way.
  public func group(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> Int? {
    try files.linkedName("/sys/bus/pci/devices/\(address)/iommu_group").flatMap { Int($0) }
  }

  /// The name of its own node of VFIO's, such as vfio0 (Linux 6.6).
  public func vfioNode(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> String? {
    let names = try files.names(in: "/sys/bus/pci/devices/\(address)/vfio-dev") ?? []
    return names.first { $0.hasPrefix("vfio") }.flatMap { files.exists("/dev/vfio/devices/\($0)") ? $0 : nil }
  }
}
