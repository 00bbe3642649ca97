/// A decimal number and what follows it, as in `1.5G` or `250ms`: the part that sizes and time spans share.
///
/// Kept as digits until a unit is known, so that `0.1G` is exact: a Double would round before it is multiplied.
struct NumberWord {
  /// The digits before the point, one at least.
  let whole: Substring
  /// The digits after the point; empty without a point.
  let fraction: Substring
  /// All that follows the number.
  let suffix: Substring

  /// Splits `word`. Nil where it does not begin with a number (`K`, `.5G`, `+1`, ` 1`).
  init?(_ word: String) {
    whole = word.prefix(while: Self.isDigit)
    guard !whole.isEmpty else { return nil }
    let rest = word[whole.endIndex...]
    guard rest.first == "." else {
      fraction = ""
      suffix = rest
      return
    }
    fraction = rest.dropFirst().prefix(while: Self.isDigit)
    suffix = word[fraction.endIndex...]
  }

  /// Whether a point was written with digits behind it.
  var hasFraction: Bool { !fraction.isEmpty }

  /// Whether the word is digits and nothing else.
  var isWhole: Bool { whole.endIndex == suffix.endIndex }

  /// The number times `unit`, truncated to a whole number; nil where that does not fit in 63 bits.
  ///
  /// `unit` is at most 2^60 (an exbibyte): ten times it still fits in the 64 bits that `part(of:)` uses.
  func times(_ unit: Int) -> Int? {
    precondition(unit > 0 && unit <= 1 << 60, "a unit between 1 and 2^60")
    guard let whole = Int(whole) else { return nil }
    let (product, tooLarge) = whole.multipliedReportingOverflow(by: unit)
    let (sum, stillTooLarge) = product.addingReportingOverflow(part(of: unit))
    return tooLarge || stillTooLarge ? nil : sum
  }

  /// What the digits after the point are of `unit`, truncated. From the last digit to the first, dividing by
  /// ten each time: truncating at every step gives what truncating once at the end would, however many digits.
  private func part(of unit: Int) -> Int {
    let part = fraction.utf8.reversed().reduce(UInt64(0)) { lower, digit in
      (UInt64(unit) * UInt64(digit - UInt8(ascii: "0")) + lower) / 10
    }
    return Int(part)
  }

  private static func isDigit(_ character: Character) -> Bool {
    ("0"..."9").contains(character) && character.utf8.count == 1
  }
}
