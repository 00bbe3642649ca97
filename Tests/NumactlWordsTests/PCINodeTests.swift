import LinuxSystem
import TestSupport
import Testing

@testable import NumactlWords

@Suite("Nodes of PCI devices")
struct PCINodeTests {
  private static func machine() throws -> FileTree {
    try FileTree([
      "/sys/bus/pci/devices/0000:81:00.0/numa_node": "3\n", "/sys/bus/pci/devices/0001:0a:1f.7/numa_node": "0\n",
      "/sys/bus/pci/devices/0000:00:1f.0/numa_node": "-1\n", "/sys/kernel/notes": "",
    ])
  }

  @Test(
    "stand in for the address, wherever the device is",
    arguments: [
      ("pci:0000:81:00.0", "3"), ("pci:81:0", "3"), ("pci:81:00.0", "3"), ("pci:0:81:0", "3"), ("!pci:81:0", "!3"),
      ("pci:1:a:1f.7", "0"), ("0-1,2,pci:81:0", "0-1,2,3"), ("!0,pci:81:0", "!0,3"),
      // among the nodes 1, 3 and 4
      ("+pci:81:0", "+1"), ("!+0,pci:81:0", "!+0,1"), ("+pci:1:a:1f.7", "+3"),
    ])
  func stand(words: String, numbers: String) throws {
    let tree = try Self.machine()
    #expect(try PCINode.numbered(words, among: NodeSet([1, 3, 4]), tree.files) == numbers)
  }

  @Test(
    "leave words alone that name no device there",
    arguments: [
      "0-3", "all", "pci:82:0", "pci:", "pci:81", "pci:0:0:81:0", "pci:81:0.0.0", "pci:xx:0", "file:/a,pci:81:0",
      "netdev:pci:81:0", "pci:81:0,1", "",
    ])
  func leave(words: String) throws {
    let tree = try Self.machine()
    #expect(try PCINode.numbered(words, among: NodeSet([1, 3, 4]), tree.files) == words)
  }

  @Test("are told where the kernel does not know them")
  func unknown() throws {
    let tree = try Self.machine()
    #expect(throws: NodeSetError.unknown("the kernel does not know the node of 0000:00:1f.0")) {
      try PCINode.numbered("pci:00:1f.0", among: nil, tree.files)
    }
  }

  @Test(
    "are some or none, whatever number the kernel says",
    arguments: [
      "0", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
      "99999999999999999999999999999999", "+7", "", " ", "max", "0x10", "1.5", "٣", "1\u{301}", "\u{301}", "0-", ",",
    ])
  func extreme(number: String) throws {
    let tree = try FileTree(["/sys/bus/pci/devices/0000:00:05.0/numa_node": number + "\n", "/sys/kernel/notes": ""])
    for words in ["pci:0000:00:05.0", "+pci:0000:00:05.0"] {
      _ = try? PCINode.numbered(words, among: NodeSet([0]), tree.files)
    }
  }
}
