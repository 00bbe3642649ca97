public import LinuxSystem

/// Why something cannot pin memory, found before any memory is touched.
public enum PinRefusal: Error, Equatable, Sendable {
  /// No io_uring with registered buffers.
  case rings(Errno)
  /// Rings count as locked memory, and RLIMIT_MEMLOCK, of so many bytes for all of the user's processes together, is used up.
  case ringLimit(Int)
  /// The kernel is set to refuse rings to this process (kernel.io_uring_disabled).
  case ringsDisabled(BufferRing.Restriction)
  /// The kernel would allow rings: something that filters system calls does not.
  case ringsFiltered
  /// More buffers than rings have places for.
  case tooManyBuffers(Int)
  /// Mappings of so many bytes would cut pages.
  case mapSize(Int)
  /// The kernel uses no IOMMU, or none for the device.
  case noIOMMU
  /// The driver of that name, whose own device is missing.
  case noDriver(String)
  /// No group of that number, but these.
  case noGroup(of: [Int])
  /// No PCI device at that address.
  case noDevice
  /// No device is vfio-pci's.
  case notBound([IOMMUGroup.Device])
  /// Some of the group's devices are not.
  case notViable([IOMMUGroup.Device])
  /// Another program has it open.
  case openElsewhere
  /// Interrupts of devices could reach anything: the kernel's module refuses them unless told that this is safe.
  case noInterruptRemapping(module: String)
  /// Where devices are to see the memory is no multiple of the IOMMU's page size.
  case addressUnaligned(UInt64, page: Int)
  /// There is no room for so many bytes there; nil: anywhere.
  case addresses(UInt64?, Int, usable: [DeviceAddresses])
}
