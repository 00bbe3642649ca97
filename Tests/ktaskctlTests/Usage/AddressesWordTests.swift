import Testing

@testable import ktaskctl

@Suite("Addresses on the command line")
struct AddressesWordTests {
  @Test(
    "are as /proc/PID/maps has them",
    arguments: [
      ("7f0000000000-7f0200000000", 0x7f00_0000_0000 as UInt64..<0x7f02_0000_0000),
      ("0x1000-0x2000", 0x1000..<0x2000), ("1000-2000", 0x1000..<0x2000), ("0-ffffffffffffffff", 0..<UInt64.max),
    ])
  func parsed(word: String, range: Range<UInt64>) throws {
    #expect(try AddressesWord.parse(word).range == range)
  }

  @Test(
    "mean nothing otherwise",
    arguments: ["", "-", "1000", "1000-", "-1000", "2000-1000", "1000-1000", "+1-+2", "1000-2000-3000", "x-y", "1 -2"])
  func wrong(word: String) {
    #expect(throws: WordError.self) { try AddressesWord.parse(word) }
  }
}
