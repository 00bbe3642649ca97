internal import ArgumentParser

/// A size in bytes, written as util-linux writes sizes: `512`, `4K`, `2MiB`, `1.5G`, `100MB`, or as Kubernetes does: `4Gi`.
///
/// K M G T P E (and KiB MiB …, Ki Mi …) are powers of 1024, KB MB … powers of 1000. The letters may be small; the `i`
/// of `KiB` may not be large, as in util-linux. A size is at least one byte: there is no work to do on none.
struct ByteSize: Hashable, Sendable, ExpressibleByArgument {
  var bytes: Int

  init(bytes: Int) {
    self.bytes = bytes
  }

  /// For options without a `transform`. ArgumentParser's own sentence then stands in for the precise one.
  init?(argument: String) {
    guard let size = try? Self.parse(argument) else { return nil }
    self = size
  }

  /// Reads a size, or says what is wrong with it.
  static func parse(_ word: String) throws(WordError) -> ByteSize { try parse(word, mayBeZero: false) }

  private static func parse(_ word: String, mayBeZero: Bool) throws(WordError) -> ByteSize {
    func wrong(_ why: String) -> WordError { WordError(kind: "size", word: word, why: why) }

    if word.isEmpty { throw wrong("is empty") }
    if word.hasPrefix("-"), NumberWord(String(word.dropFirst())) != nil { throw wrong("is negative") }
    guard let number = NumberWord(word) else { throw wrong("is not a number with a unit like 512M or 1.5G") }
    if beyondExa.contains(number.suffix.lowercased()) { throw wrong("does not fit in 63 bits") }
    guard let unit = unit(number.suffix) else {
      throw wrong("has the unknown unit “\(number.suffix)”; known are K, M, G, T, P, E, KiB …, Ki … and KB …")
    }
    if unit == 1 && number.hasFraction { throw wrong("has a part of a byte") }
    guard let bytes = number.times(unit) else { throw wrong("does not fit in 63 bits") }
    if bytes == 0 && !mayBeZero { throw wrong("is zero bytes: nothing to do") }
    return ByteSize(bytes: bytes)
  }

  /// A place in a file, in the same words, which may be its beginning.
  static func parseOffset(_ word: String) throws(WordError) -> ByteSize {
    do throws(WordError) {
      return try parse(word, mayBeZero: true)
    } catch {
      throw WordError(kind: "offset", word: word, why: error.why)
    }
  }

  /// The bytes that a suffix stands for: 1 for none, nil for one that is unknown.
  private static func unit(_ suffix: Substring) -> Int? {
    guard let letter = suffix.first?.uppercased(), letter != "B" || suffix.count > 1 else { return 1 }
    guard let power = letters.firstIndex(of: letter) else { return nil }
    switch suffix.dropFirst() {
    case "", "i", "iB", "ib": return (0...power).reduce(1) { bytes, _ in bytes * 1024 }
    case "B", "b": return (0...power).reduce(1) { bytes, _ in bytes * 1000 }
    default: return nil
    }
  }

  /// The letter of 1024^1, of 1024^2 …
  static let letters = ["K", "M", "G", "T", "P", "E"]

  /// Units that util-linux knows and 63 bits do not reach, to say so instead of "unknown".
  private static let beyondExa = ["z", "zb", "zi", "zib", "y", "yb", "yi", "yib"]
}

extension ByteSize {
  /// `bytes` for a reader, in powers of 1024 with two decimals at most: "64 GiB", "1.5 GiB", "512 B".
  static func text(_ bytes: Int) -> String {
    let unit = BinaryUnit(for: Double(bytes))
    return Double(bytes).inUnits(of: unit).fixed(2).withoutTrailingZeros + " " + unit.name
  }

  var text: String { Self.text(bytes) }
}
