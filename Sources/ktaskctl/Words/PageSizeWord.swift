internal import ArgumentParser

/// What `--page-size` asks for. Whether the machine has such pages is found out later, by asking it.
enum PageSizeWord: Hashable, Sendable, ExpressibleByArgument {
  /// Transparent huge pages: base pages that the kernel joins where it can.
  case transparent
  /// Pages of this many bytes, a power of two.
  case bytes(Int)

  /// For options without a `transform`. ArgumentParser's own sentence then stands in for the precise one.
  init?(argument: String) {
    guard let word = try? Self.parse(argument) else { return nil }
    self = word
  }

  /// Reads `thp`, `4K`, `2M`, `1G` …, or says what is wrong with it.
  static func parse(_ word: String) throws(WordError) -> PageSizeWord {
    if word.lowercased() == "thp" { return .transparent }
    guard word.hasPrefix("-") || word.first?.isNumber ?? true else {
      throw WordError(kind: "page size", word: word, why: "is not thp, nor a size like 4K, 2M or 1G")
    }
    do throws(WordError) {
      let bytes = try ByteSize.parse(word).bytes
      guard bytes.nonzeroBitCount == 1 else { throw notAPowerOfTwo(word, bytes) }
      return .bytes(bytes)
    } catch {
      throw WordError(kind: "page size", word: word, why: error.why)
    }
  }

  /// As the user would write it: "thp", "4K", "2M", "1G", "16M".
  var text: String {
    switch self {
    case .transparent: "thp"
    case .bytes(let bytes): Self.text(bytes)
    }
  }

  /// `bytes` in the largest unit that divides them: 2097152 is "2M", 512 is "512".
  static func text(_ bytes: Int) -> String {
    let power = min(bytes.trailingZeroBitCount / 10, ByteSize.letters.count)
    guard bytes > 0, power > 0 else { return "\(bytes)" }
    return "\(bytes >> (power * 10))" + ByteSize.letters[power - 1]
  }

  /// `2MB` is the likeliest slip: powers of 1000 are never page sizes.
  private static func notAPowerOfTwo(_ word: String, _ bytes: Int) -> WordError {
    let shorter = word.dropLast()
    let meant = try? ByteSize.parse(String(shorter))
    let hint = meant?.bytes.nonzeroBitCount == 1 ? "; write \(shorter)" : ""
    return WordError(kind: "page size", word: word, why: "is \(bytes) bytes, not a power of two\(hint)")
  }
}
