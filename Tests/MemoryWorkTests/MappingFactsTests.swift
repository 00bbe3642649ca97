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

  @Test("Mappings inside the range are summed, others are not")
  func inside() {
    var facts = MappingFacts()
    facts.readSmaps(Self.smaps, 0x7f00_0000_0000..<0x7f00_0040_0000)
    #expect(facts.residentBytes == 2148 << 10)
    #expect(facts.transparentHugeBytes == 2 << 20)
    #expect(facts.lockedBytes == 4 << 10)
    #expect(facts.kernelPageSize == 4096)
  }

  @Test("A pool's pages count as resident")
  func pool() {
    var facts = MappingFacts()
    facts.readSmaps(Self.smaps, 0x7f10_0000_0000..<0x7f10_0040_0000)
    #expect(facts.residentBytes == 4 << 20)
    #expect(facts.kernelPageSize == 2 << 20)
  }

  @Test("Pages are counted by node, in their own size")
  func nodes() {
    var facts = MappingFacts()
    let text = """
      7f0000000000 default anon=25 dirty=25 N0=20 N1=5 kernelpagesize_kB=4
      7f1000000000 bind:1 file=/dev/hugepages/a huge dirty=2 N1=2 kernelpagesize_kB=2048
      7f2000000000 default anon=1 N0=1 kernelpagesize_kB=4
      """
    facts.readNumaMaps(text, 0x7f00_0000_0000..<0x7f10_0040_0000)
    #expect(facts.bytesByNode == [0: 20 * 4096, 1: 5 * 4096 + 4 << 20])
  }
}
