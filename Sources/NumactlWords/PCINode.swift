internal import LinuxSystem

/// The node of a PCI device among the words for nodes.
///
/// libnuma reads /sys/devices/pci0000:80/0000:80:01.0 and the like, where only devices of a root bus are, and most are
/// behind a port. The kernel lists all of them under /sys/bus/pci/devices.
enum PCINode {
  /// The words with the node's number in place of a device at their end, which is where libnuma takes one; as they are
  /// where there is none, or no such device.
  static func numbered(
    _ words: String, among allowed: NodeSet?, _ files: SystemFiles = SystemFiles()
  ) throws(NodeSetError) -> String {
    let before = words.prefix { "!+,-0123456789".contains($0) }
    let last = words.dropFirst(before.count)
    guard last.hasPrefix("pci:"), let address = address(last.dropFirst(4)), let node = try node(of: address, files)
    else { return words }
    if node < 0 { throw .unknown("the kernel does not know the node of \(address)") }
    if !before.contains("+") { return "\(before)\(node)" }
    guard let allowed else { throw .unknown("the kernel does not tell which nodes this process may have memory of") }
    // counted among those that there are, as the numbers before it; one more than all of them is none of them
    return "\(before)\(allowed.numbers.firstIndex(of: node) ?? allowed.numbers.count)"
  }

  /// nil: there is no such device.
  private static func node(of address: String, _ files: SystemFiles) throws(NodeSetError) -> Int? {
    do throws(Unreadable) {
      return try files.readNumber("/sys/bus/pci/devices/\(address)/numa_node")
    } catch {
      throw .unknown("\(error)")
    }
  }

  /// `3b:0`, `0:3b:0` and `3b:0.0` are 0000:3b:00.0, as numactl(8) has it.
  private static func address(_ text: Substring) -> String? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let last = (parts.last ?? "").split(separator: ".", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), last.count <= 2 else { return nil }
    let numbers = (parts.dropLast() + last).compactMap { UInt16($0, radix: 16) }
    if numbers.count != parts.count - 1 + last.count { return nil }
    let place = (parts.count == 2 ? [0] : []) + numbers + (last.count == 1 ? [0] : [])
    return "\(hex(place[0], 4)):\(hex(place[1], 2)):\(hex(place[2], 2)).\(hex(place[3], 1))"
  }

  private static func hex(_ number: UInt16, _ digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
