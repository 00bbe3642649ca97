import TestSupport
import Testing

@testable import LinuxSystem

@Suite("IOMMU groups")
struct IOMMUGroupTests {
  static func machine() throws -> FileTree {
    let tree = try FileTree([
      "/sys/kernel/iommu_groups/2/devices/0000:00:05.0/vendor": "0x8086",
      "/sys/kernel/iommu_groups/2/devices/0000:00:05.1/vendor": "0x8086",
      "/sys/kernel/iommu_groups/11/devices/0000:3b:00.0/vendor": "0x15b3",
      "/sys/bus/pci/devices/0000:3b:00.0/vfio-dev/vfio0/dev": "511:0",
      "/sys/bus/pci/devices/0000:00:1f.0/vendor": "0x8086",
      "/dev/vfio/devices/vfio0": "",
    ])
    try tree.link("/sys/kernel/iommu_groups/2/devices/0000:00:05.0/driver", to: "../../bus/pci/drivers/vfio-pci")
    try tree.link("/sys/kernel/iommu_groups/2/devices/0000:00:05.1/driver", to: "../../bus/pci/drivers/e1000e")
    try tree.link("/sys/bus/pci/devices/0000:3b:00.0/iommu_group", to: "../../../kernel/iommu_groups/11")
    return tree
  }

  @Test("A group has its devices, each with its driver")
  func devices() throws {
    let tree = try Self.machine()
    #expect(try IOMMUGroup.numbers(tree.files) == [2, 11])
    #expect(
      try IOMMUGroup.of(2, tree.files)?.devices == [
        .init(address: "0000:00:05.0", driver: "vfio-pci"), .init(address: "0000:00:05.1", driver: "e1000e"),
      ])
    #expect(try IOMMUGroup.of(11, tree.files)?.devices == [.init(address: "0000:3b:00.0", driver: nil)])
    #expect(try IOMMUGroup.of(3, tree.files) == nil)
  }

  @Test("A device knows its group and its own node")
  func device() throws {
    let tree = try Self.machine()
    let card = try #require(try IOMMUGroup.Device.pci("0000:3b:00.0", tree.files))
    #expect(try card.group(tree.files) == 11)
    #expect(try card.vfioNode(tree.files) == "vfio0")
    let bridge = try #require(try IOMMUGroup.Device.pci("0000:00:1f.0", tree.files))
    #expect(try bridge.group(tree.files) == nil)
    #expect(try bridge.vfioNode(tree.files) == nil)
    #expect(try IOMMUGroup.Device.pci("0000:00:02.0", tree.files) == nil)
  }

  @Test("A machine without an IOMMU has no groups")
  func none() throws {
    let tree = try FileTree(["/sys/kernel/notes": ""])
    #expect(try IOMMUGroup.numbers(tree.files).isEmpty)
  }
}
