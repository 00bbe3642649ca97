import LinuxSystem
import MemoryWork

extension PinRefusal {
  var exitStatus: ExitStatus {
    switch self {
    case .rings(.permission), .tooManyBuffers: .permission
    case .mapSize, .addressUnaligned: .usage
    case .openElsewhere: .busy
    case .rings, .noIOMMU, .noDriver, .noGroup, .noDevice, .notBound, .notViable, .noInterruptRemapping, .addresses:
      .notSupported
    }
  }

  /// Why it cannot pin.
  var sentence: String {
    switch self {
    case .rings(.permission): "the kernel's settings forbid it (EPERM)"
    case .rings(let errno): "a ring with registered buffers cannot be made: \(errno.description) (\(errno.name))"
    case .tooManyBuffers(let count): "\(count) buffers are more than its rings have places for"
    case .mapSize(let bytes): "mappings of \(ByteSize.text(bytes)) would cut pages"
    case .noIOMMU: "the kernel uses no IOMMU here"
    case .noDriver: "is not there: the kernel has no such driver, or it is not loaded"
    case .noGroup(let numbers): "there is no such IOMMU group, there are \(Self.list(numbers))"
    case .noDevice: "there is no such PCI device"
    case .notBound(let devices): "is not bound to vfio-pci: \(Self.list(devices))"
    case .notViable(let devices):
      "not viable: \(Self.list(devices.filter { $0.driver != nil && $0.driver != "vfio-pci" }))"
    case .openElsewhere: "another program has it open"
    case .noInterruptRemapping: "the machine has no interrupt remapping, without which VFIO is not safe (EPERM)"
    case .addressUnaligned(let address, let page):
      "the address \(address.asHex) is not a multiple of the IOMMU's pages of \(ByteSize.text(page))"
    case .addresses(let address, let bytes, let usable):
      "devices cannot see \(ByteSize.text(bytes)) \(address.map { "at " + $0.asHex } ?? "in one piece"); usable: "
        + (usable.isEmpty ? "nothing" : usable.map(\.text).joined(separator: ", "))
    }
  }

  var remedy: String? {
    switch self {
    case .rings(.permission): "sysctl kernel.io_uring_disabled=0"
    case .rings(.tooManyFiles): "ulimit -n 1024"
    case .rings, .noDevice: nil
    case .tooManyBuffers: "a larger --map-size"
    case .mapSize, .addressUnaligned: "a multiple of the page size"
    case .noIOMMU: "intel_iommu=on or amd_iommu=on among the kernel's parameters, and switch it on in the firmware"
    case .noDriver(let driver): "modprobe \(driver)"
    case .noGroup: "ls /sys/kernel/iommu_groups/*/devices"
    case .notBound(let devices): devices.first { $0.driver != "vfio-pci" }.map { Self.binding($0) }
    case .notViable(let devices):
      devices.first { $0.driver != nil && $0.driver != "vfio-pci" }.map { Self.binding($0) }
    case .openElsewhere: "stop the program that uses the device: fuser -v /dev/vfio/*"
    case .noInterruptRemapping(let module):
      "echo 1 > /sys/module/\(module)/parameters/allow_unsafe_interrupts, if devices are to be trusted"
    case .addresses: "another --iova-base, or a smaller --size"
    }
  }

  /// The commands that give a device to vfio-pci.
  private static func binding(_ device: IOMMUGroup.Device) -> String {
    let folder = "/sys/bus/pci/devices/\(device.address)"
    let unbind = device.driver == nil ? "" : "echo \(device.address) > \(folder)/driver/unbind; "
    return unbind + "echo vfio-pci > \(folder)/driver_override; echo \(device.address) > /sys/bus/pci/drivers_probe"
  }

  private static func list(_ numbers: [Int]) -> String {
    guard let first = numbers.first, let last = numbers.last else { return "none" }
    let isGapless = last - first == numbers.count - 1 && numbers.count > 2
    return isGapless ? "\(first) to \(last)" : numbers.map(String.init).joined(separator: ", ")
  }

  private static func list(_ devices: [IOMMUGroup.Device]) -> String {
    devices.map { "\($0.address) has \($0.driver.map { "the driver \($0)" } ?? "no driver")" }.joined(separator: ", ")
  }
}

extension UInt64 {
  /// As addresses are written.
  var asHex: String { "0x" + String(self, radix: 16) }
}

extension DeviceAddresses {
  var text: String { "\(first.asHex)–\(last.asHex)" }
}
