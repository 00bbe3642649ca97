import Foundation
import Testing

@testable import LinuxSystem

@Suite("What the kernel counts in a mapping")
struct MappingFactsTests {
  static let smaps = """
    7f0000000000-7f0000200000 rw-p 00000000 00:00 0
    Size:               2048 kB
    KernelPageSize:        4 kB
    Rss:                 100 kB
    AnonHugePages:         0 kB
    Locked:                4 kB
    VmFlags: rd wr mr mw me ac
    7f0000200000-7f0000400000 rw-p 00000000 00:00 0
    Size:               2048 kB
    KernelPageSize:        4 kB
    Rss:                2048 kB
    AnonHugePages:      2048 kB
    Locked:                0 kB
    7f1000000000-7f1000400000 rw-s 00000000 00:0e 1 /dev/hugepages/a
    KernelPageSize:     2048 kB
    Rss:                   0 kB
    Shared_Hugetlb:     4096 kB
    Private_Hugetlb:       0 kB
    """

  static let numaMaps = """
    7f0000000000 default anon=25 dirty=25 N0=20 N1=5 kernelpagesize_kB=4
    7f1000000000 bind:1 file=/dev/hugepages/a huge dirty=2 N1=2 kernelpagesize_kB=2048
    7f2000000000 default anon=1 N0=1 kernelpagesize_kB=4
    """
  static let first: Range<UInt> = 0x7f00_0000_0000..<0x7f00_0040_0000
  static let pool: Range<UInt> = 0x7f10_0000_0000..<0x7f10_0040_0000

  /// The kernel's two lists, as far as there are any.
  private func facts(_ ranges: [Range<UInt>], _ lists: [String: String]) throws -> [MappingFacts] {
    let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: root) }
    let process = root.appending(path: "proc/self")
    try FileManager.default.createDirectory(at: process, withIntermediateDirectories: true)
    for (name, text) in lists { try Data(text.utf8).write(to: process.appending(path: name)) }
    return MappingFacts.of(ranges, SystemFiles(root: root.path))
  }

  @Test("Mappings inside a range are summed, others are not, and each range has its own")
  func inside() throws {
    let facts = try facts([Self.pool, Self.first], ["smaps": Self.smaps, "numa_maps": Self.numaMaps])
    #expect(facts[1].residentBytes == 2148 << 10)
    #expect(facts[1].transparentHugeBytes == 2 << 20)
    #expect(facts[0].residentBytes == 4 << 20, "a pool's pages count as resident")
    #expect(facts[1].bytesByNode == [0: 20 * 4096, 1: 5 * 4096])
    #expect(facts[0].bytesByNode == [1: 4 << 20], "in pages of their own size")
  }

  @Test("A mapping that lies in a range only in part does not count")
  func apart() throws {
    let facts = try facts([Self.first.lowerBound..<0x7f00_0030_0000], ["smaps": Self.smaps])
    #expect(facts[0].residentBytes == 100 << 10)
    #expect(facts[0].transparentHugeBytes == 0)
  }

  @Test("What cannot be read is not known")
  func unknown() throws {
    #expect(try facts([Self.first], [:]) == [MappingFacts()])
    #expect(try facts([Self.first], ["numa_maps": Self.numaMaps])[0].transparentHugeBytes == nil)
    #expect(try facts([Self.first], ["smaps": Self.smaps])[0].bytesByNode == nil)
  }
}
