/// Devices that the IOMMU cannot tell apart (/sys/kernel/iommu_groups).
public struct IOMMUGroup: Equatable, Sendable {
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
  public let number: Int
  public let devices: [Device]

  public init(number: Int, devices: [Device]) {
    self.number = number
    self.devices = devices
  }

  private static let directory = "/sys/kernel/iommu_groups"

  /// The groups' numbers, ascending; none where the kernel uses no IOMMU.
  public static func numbers(_ files: SystemFiles = SystemFiles()) -> [Int] {
    files.entries(of: directory).compactMap { Int($0) }.sorted()
  }

  /// nil: there is none of that number.
  public static func of(_ number: Int, _ files: SystemFiles = SystemFiles()) -> IOMMUGroup? {
    let devices = "\(directory)/\(number)/devices"
    if !files.exists(devices) { return nil }
    return IOMMUGroup(
      number: number,
      devices: files.entries(of: devices).map {
        Device(address: $0, driver: files.linkedName("\(devices)/\($0)/driver"))
      })
  }
}

extension IOMMUGroup.Device {
  /// The PCI device at an address; nil: there is none.
  public static func pci(_ address: String, _ files: SystemFiles = SystemFiles()) -> IOMMUGroup.Device? {
    let device = "/sys/bus/pci/devices/\(address)"
    if !files.exists(device) { return nil }
    return IOMMUGroup.Device(address: address, driver: files.linkedName(device + "/driver"))
  }

  /// The number of its group; nil: no IOMMU is in its way.
  public func group(_ files: SystemFiles = SystemFiles()) -> Int? {
    files.linkedName("/sys/bus/pci/devices/\(address)/iommu_group").flatMap { Int($0) }
  }

  /// The name of its own node of VFIO's, such as vfio0 (Linux 6.6).
  public func vfioNode(_ files: SystemFiles = SystemFiles()) -> String? {
    let name = files.entries(of: "/sys/bus/pci/devices/\(address)/vfio-dev").first { $0.hasPrefix("vfio") }
    return name.flatMap { files.exists("/dev/vfio/devices/\($0)") ? $0 : nil }
  }
}
