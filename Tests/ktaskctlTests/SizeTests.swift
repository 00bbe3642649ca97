import Testing

@testable import ktaskctl

@Suite("Sizes, page sizes and durations")
struct SizeTests {
  @Test(
    "a size is read as util-linux reads it",
    arguments: [
      ("1", 1), ("512", 512), ("512B", 512), ("010", 10), ("4K", 4096), ("4k", 4096), ("4KiB", 4096),
      ("4kib", 4096),
      ("4Kib", 4096), ("4Ki", 4096), ("4ki", 4096), ("512Mi", 512 << 20), ("4Gi", 4 << 30), ("1.5Gi", 3 << 29),
      ("2Ti", 2 << 40), ("1Pi", 1 << 50), ("7Ei", 7 << 60), ("4KB", 4000), ("4kb", 4000), ("2M", 2_097_152),
      ("2MiB", 2_097_152),
      ("2MB", 2_000_000),
      ("1G", 1 << 30), ("1GB", 1_000_000_000), ("1T", 1 << 40), ("1TB", 1_000_000_000_000), ("1P", 1 << 50),
      ("1E", 1 << 60), ("7EiB", 7 << 60), ("9EB", 9_000_000_000_000_000_000), ("1.5G", 3 << 29),
      ("1.G", 1 << 30), ("0.5K", 512), ("0.001K", 1), ("9223372036854775807", Int.max),
      ("7.99999999999999999999E", Int.max),
    ] as [(String, Int)])
  func reads(word: String, bytes: Int) throws {
    #expect(try ByteSize.parse(word) == ByteSize(bytes: bytes))
    #expect(ByteSize(argument: word)?.bytes == bytes)
  }

  @Test(
    "decimals are exact and cut to whole bytes",
    arguments: [
      ("0.1G", 107_374_182), ("0.3T", 329_853_488_332), ("1.0000001K", 1024),
      ("0.1E", 115_292_150_460_684_697),
      ("0.9999999999999999999999K", 1023), ("0.29GB", 290_000_000), ("4.35KB", 4350),
    ] as [(String, Int)])
  func exactDecimals(word: String, bytes: Int) throws {
    #expect(try ByteSize.parse(word).bytes == bytes)
  }

  @Test(
    "a size that means nothing is refused with its reason",
    arguments: [
      ("", "is empty"), ("-1", "is negative"), ("-1.5G", "is negative"), ("0", "zero bytes"),
      ("0G", "zero bytes"),
      ("0.0001K", "zero bytes"), ("K", "not a number"), ("G1", "not a number"), ("-", "not a number"),
      ("--1", "not a number"), (".5G", "not a number"), ("+1K", "not a number"), (" 1K", "not a number"),
      ("٣K", "not a number"), ("1,5G", "unknown unit"), ("1 K", "unknown unit"), ("1K ", "unknown unit"),
      ("1KIB", "unknown unit"), ("1KI", "unknown unit"), ("1Kii", "unknown unit"), ("1iB", "unknown unit"),
      ("1mi.", "unknown unit"), ("1i", "unknown unit"), ("1BB", "unknown unit"),
      ("1KBB", "unknown unit"), ("0x10", "unknown unit"), ("1e9", "unknown unit"), ("1.5.1G", "unknown unit"),
      ("1Q", "unknown unit"), ("1.5", "part of a byte"), ("1.5B", "part of a byte"), ("8E", "63 bits"),
      ("16E", "63 bits"), ("10EB", "63 bits"), ("1Z", "63 bits"), ("1YiB", "63 bits"), ("1Zi", "63 bits"),
      ("8Ei", "63 bits"),
      ("9223372036854775808", "63 bits"), ("99999999999999999999999999G", "63 bits"),
    ] as [(String, String)])
  func refuses(word: String, reason: String) {
    let error = #expect(throws: WordError.self) { try ByteSize.parse(word) }
    #expect(error?.why.contains(reason) == true, "\(word): \(String(describing: error))")
    #expect(ByteSize(argument: word) == nil)
  }

  @Test("a refusal is a whole sentence")
  func sentence() {
    let error = #expect(throws: WordError.self) { try ByteSize.parse("-1") }
    #expect(error?.description == "size “-1” is negative")
  }

  @Test(
    "a size is shown in powers of 1024 with two decimals at most",
    arguments: [
      (0, "0 B"), (1, "1 B"), (512, "512 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"),
      (64 << 30, "64 GiB"),
      (3 << 29, "1.5 GiB"), (100 << 20, "100 MiB"), (1_000_000_000, "953.67 MiB"), ((1 << 20) - 1, "1 MiB"),
      (1 << 60, "1 EiB"), (Int.max, "8 EiB"), (-1536, "-1.5 KiB"),
    ] as [(Int, String)])
  func shows(bytes: Int, text: String) {
    #expect(ByteSize.text(bytes) == text)
  }

  @Test(
    "a page size is thp or a power of two",
    arguments: [
      ("thp", .transparent, "thp"), ("THP", .transparent, "thp"), ("4K", .bytes(4096), "4K"),
      ("64k", .bytes(65_536), "64K"), ("2M", .bytes(2 << 20), "2M"), ("2048K", .bytes(2 << 20), "2M"),
      ("16MiB", .bytes(16 << 20), "16M"), ("2Mi", .bytes(2 << 20), "2M"), ("1G", .bytes(1 << 30), "1G"),
      ("0.5G", .bytes(512 << 20), "512M"),
      ("512", .bytes(512), "512"),
    ] as [(String, PageSizeWord, String)])
  func readsPageSize(word: String, meaning: PageSizeWord, text: String) throws {
    #expect(try PageSizeWord.parse(word) == meaning)
    #expect(PageSizeWord(argument: word)?.text == text)
  }

  @Test(
    "a page size that no machine has is refused with its reason",
    arguments: [
      ("", "is empty"), ("huge", "not thp"), ("-4K", "negative"), ("0", "zero"), ("3M", "not a power of two"),
      ("2MB", "write 2M"), ("1000B", "not a power of two"), ("2X", "unknown unit"), ("8E", "63 bits"),
    ] as [(String, String)])
  func refusesPageSize(word: String, reason: String) {
    let error = #expect(throws: WordError.self) { try PageSizeWord.parse(word) }
    #expect(error?.description.hasPrefix("page size “\(word)”") == true)
    #expect(error?.why.contains(reason) == true, "\(word): \(String(describing: error))")
  }

  @Test(
    "a duration is a number of seconds or carries its unit",
    arguments: [
      ("90", 90_000_000_000), ("90s", 90_000_000_000), ("5m", 300_000_000_000), ("5min", 300_000_000_000),
      ("1h", 3_600_000_000_000), ("1d", 86_400_000_000_000), ("250ms", 250_000_000), ("1.5s", 1_500_000_000),
      ("0.1", 100_000_000), ("10us", 10_000), ("7ns", 7), ("1.9ns", 1),
    ] as [(String, Int)])
  func readsDuration(word: String, nanoseconds: Int) throws {
    #expect(try TimeSpan.parse(word).nanoseconds == nanoseconds)
    #expect(TimeSpan(argument: word)?.seconds == Double(nanoseconds) / 1e9)
  }

  @Test(
    "a duration that means nothing is refused with its reason",
    arguments: [
      ("", "is empty"), ("-5s", "is negative"), ("0", "no time"), ("0.0h", "no time"), ("0.1ns", "no time"),
      ("s", "not a number"), ("soon", "not a number"), ("5M", "unknown unit"), ("5 s", "unknown unit"),
      ("1h30m", "unknown unit"), ("300y", "unknown unit"), ("9223372037", "292 years"),
      ("110000d", "292 years"),
    ] as [(String, String)])
  func refusesDuration(word: String, reason: String) {
    let error = #expect(throws: WordError.self) { try TimeSpan.parse(word) }
    #expect(error?.why.contains(reason) == true, "\(word): \(String(describing: error))")
    #expect(TimeSpan(argument: word) == nil)
  }
}
