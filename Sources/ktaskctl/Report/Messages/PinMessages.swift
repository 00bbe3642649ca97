import LinuxSystem
import MemoryWork

extension PinRefusal {
  /// Why it cannot pin.
  var sentence: String {
    switch self {
    case .ringLimit(let bytes):
      "no ring within the limit for locked memory (RLIMIT_MEMLOCK), \(ByteSize.text(bytes)) for all of the user's "
        + "processes together (ENOMEM)"
    case .ringsDisabled(.everybody): "the kernel's settings forbid it, kernel.io_uring_disabled is 2 (EPERM)"
    case .ringsDisabled(.allButGroup(let group)):
      "the kernel's settings forbid it, kernel.io_uring_disabled is 1, to all but CAP_SYS_ADMIN and "
        + "\(group.map { "the group \($0)" } ?? "no group") of kernel.io_uring_group (EPERM)"
    case .ringsFiltered: "a seccomp profile forbids it, not the kernel's settings (EPERM)"
    case .rings(.noSystemCall): "the kernel has no io_uring, or a seccomp profile hides it (ENOSYS)"
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

  func remedy(in here: Surroundings) -> String? {
    switch self {
    case .ringLimit: here.raising(.lockedMemory)
    case .ringsDisabled(.everybody), .ringsDisabled(.allButGroup(nil)):
      here.asRoot("sysctl kernel.io_uring_disabled=0")
    case .ringsDisabled(.allButGroup(let group?)):
      here.asRoot("sysctl kernel.io_uring_disabled=0") + ", or as a member of the group \(group)"
    case .ringsFiltered: here.allowing(["io_uring_setup", "io_uring_register"])
    case .rings(.tooManyFiles): here.raising(.openFiles)
    case .rings, .noDevice: nil
    case .tooManyBuffers: "a larger --map-size"
    case .mapSize, .addressUnaligned: "a multiple of the page size"
    case .noIOMMU: "intel_iommu=on or amd_iommu=on among the kernel's parameters, and switch it on in the firmware"
    case .noDriver(let driver): here.asRoot("modprobe \(driver)")
    case .noGroup: "ls /sys/kernel/iommu_groups/*/devices"
    case .notBound(let devices): devices.first { $0.driver != "vfio-pci" }.map { here.asRoot(Self.binding($0)) }
    case .notViable(let devices):
      devices.first { $0.driver != nil && $0.driver != "vfio-pci" }.map { here.asRoot(Self.binding($0)) }
    case .openElsewhere: "stop the program that uses the device: fuser -v /dev/vfio/*"
    case .noInterruptRemapping(let module):
      here.asRoot("echo 1 > /sys/module/\(module)/parameters/allow_unsafe_interrupts")
        + ", if devices are to be trusted"
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
