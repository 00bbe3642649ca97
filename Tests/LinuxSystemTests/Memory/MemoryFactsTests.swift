import LinuxSystem
import TestSupport
import Testing

@Suite("Memory")
struct MemoryFactsTests {
  @Test("of the machine is read in bytes")
  func machine() throws {
    let tree = try FileTree([
      "/proc/meminfo":
        "MemTotal:       24684092 kB\nMemFree:         100 kB\nMemAvailable:  200 kB\nHugePages_Total: 7\n"
    ])
    let expected = MemoryInfo(totalBytes: 24_684_092 << 10, availableBytes: 200 << 10, freeBytes: 100 << 10)
    #expect(try MemoryInfo.current(tree.files) == expected)
  }

  @Test("of this machine is there, in pages of a power of two")
  func real() throws {
    let memory = try MemoryInfo.current()
    #expect(memory.totalBytes > memory.freeBytes)
    #expect(memory.totalBytes >= memory.availableBytes)
    #expect(MemoryInfo.basePageSize.nonzeroBitCount == 1)
    #expect(try output(of: "getconf PAGESIZE") == "\(MemoryInfo.basePageSize)\n")
  }

  @Test("of the process is read in bytes")
  func process() throws {
    let tree = try FileTree([
      "/proc/self/status":
        "Name:\tx\nVmLck:\t       4 kB\nVmPin:\t  8 kB\nVmRSS:\t 12 kB\nVmSize:\t 20 kB\nVmData:\t 16 kB\n"
    ])
    let expected = ProcessStatus(
      lockedBytes: 4096, pinnedBytes: 8192, residentBytes: 12288, addressSpaceBytes: 20480, dataBytes: 16384)
    #expect(try ProcessStatus.current(tree.files) == expected)
    let here = try ProcessStatus.current()
    #expect(here.residentBytes > 1 << 20)
  }
}
