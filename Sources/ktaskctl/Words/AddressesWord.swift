/// What `--map` asks for: addresses of a process, as /proc/PID/maps has them.
struct AddressesWord: Hashable, Sendable {
  let range: Range<UInt64>

  /// Reads `7f0000000000-7f0200000000`, in hexadecimal with 0x in front or without, or says what is wrong with it.
  static func parse(_ word: String) throws(WordError) -> AddressesWord {
    func wrong(_ why: String) -> WordError { WordError(kind: "mapping", word: word, why: why) }
    let ends = word.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let start = address(ends[0]), let end = address(ends[1]) else {
      throw wrong("is not START-END in hexadecimal, as /proc/PID/maps has it")
    }
    if start >= end { throw wrong("ends before it begins") }
    return AddressesWord(range: start..<end)
  }

  private static func address(_ word: Substring) -> UInt64? {
    let digits = word.hasPrefix("0x") ? word.dropFirst(2) : word
    // UInt64 takes a sign in front
    return digits.utf8.first == UInt8(ascii: "+") ? nil : UInt64(digits, radix: 16)
  }
}
