import MemoryWork
import Testing

@testable import ktaskctl

@Suite("What --with and --iova-base say")
struct PinWordTests {
  @Test(
    "Words become what pins, and are written the same way again",
    arguments: [
      ("mlock", .mlock), ("io_uring", .rings), ("vfio:12", .vfio([[12]])), ("vfio:1,2", .vfio([[1], [2]])),
      ("vfio:1+2,7", .vfio([[1, 2], [7]])), ("iommufd", .iommufd([])),
      ("iommufd:0000:00:05.0", .iommufd(["0000:00:05.0"])),
      ("iommufd:0000:3b:00.0,0001:3b:00.1", .iommufd(["0000:3b:00.0", "0001:3b:00.1"])),
    ] as [(String, PinRequest.With)])
  func words(word: String, with: PinRequest.With) throws {
    #expect(try PinWord.parse(word) == with)
    #expect(with.text == word)
  }

  @Test("A device's domain may be left out")
  func domain() throws {
    #expect(try PinWord.parse("iommufd:3b:00.0") == .iommufd(["0000:3b:00.0"]))
  }

  @Test(
    "Words that say nothing are refused",
    arguments: [
      "", "mlock:1", "io_uring:", "vfio", "vfio:", "vfio:x", "vfio:1,", "vfio:-1", "vfio:1,1", "vfio:1+1",
      "vfio:noiommu-0",
      "vfio:1 2", "iommufd:", "iommufd:5", "iommufd:0000:00:05", "iommufd:0000:00:05.9", "iommufd:00:05.0,00:05.0",
      "../../etc", "dax",
    ])
  func nothing(word: String) {
    #expect(throws: WordError.self) { try PinWord.parse(word) }
  }

  @Test(
    "An address is a hexadecimal number or a size",
    arguments: [("0", 0), ("0x0", 0), ("0xfef00000", 0xfef0_0000), ("4G", 4 << 30), ("0xffffffffffffffff", .max)]
      as [(String, UInt64)])
  func addresses(word: String, address: UInt64) throws {
    #expect(try PinWord.address(word) == address)
  }

  @Test("Other addresses are refused", arguments: ["0x", "0x10000000000000000", "fef00000", "-1", "here"])
  func noAddress(word: String) {
    #expect(throws: WordError.self) { try PinWord.address(word) }
  }
}
