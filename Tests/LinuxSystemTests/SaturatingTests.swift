import LinuxSystem
import Testing

@Suite("Arithmetic on numbers that somebody else chose")
struct SaturatingTests {
  private static let numbers = [
    Int.min, .min + 1, -(1 << 62), -4096, -1, 0, 1, 2, 4095, 4096, 1 << 31, 1 << 62, .max - 4096, .max - 1, .max,
  ]

  @Test("gives the result where it fits, and the nearest that does where not", arguments: numbers)
  func nearest(one: Int) {
    for other in Self.numbers {
      #expect(one +| other == Self.clamped(Int128(one) + Int128(other)), "\(one) +| \(other)")
      #expect(one -| other == Self.clamped(Int128(one) - Int128(other)), "\(one) -| \(other)")
      #expect(one *| other == Self.clamped(Int128(one) * Int128(other)), "\(one) *| \(other)")
    }
  }

  private static func clamped(_ exact: Int128) -> Int { Int(clamping: exact) }

  @Test("counts pieces and rounds up as far as there are multiples", arguments: numbers)
  func multiples(number: Int) {
    for size in [1, 3, 4096, 2 << 20, 1 << 62, .max] {
      let pieces = number.pieces(of: size)
      #expect(Int128(pieces) * Int128(size) >= Int128(number))
      #expect(pieces == 0 ? number <= 0 : Int128(pieces - 1) * Int128(size) < Int128(number))
      let multiple = number.roundedUp(to: size)
      #expect(multiple % size == 0 || number < 0)
      #expect(multiple >= max(0, number) || Int128(pieces) * Int128(size) > Int128(Int.max))
    }
    #expect(number.pieces(of: 0) == 0)
  }

  @Test("reads amounts of any length, and nothing else")
  func amounts() {
    #expect(Int(amount: "0") == 0)
    #expect(Int(amount: "9223372036854775807") == .max)
    #expect(Int(amount: "9223372036854775808") == .max)
    #expect(Int(amount: String(repeating: "9", count: 400)) == .max)
    for word in ["", "-1", "+1", "1 ", "1\u{301}", "٣", "0x10", "max"] { #expect(Int(amount: word) == nil) }
  }

  @Test("adds up lists")
  func sums() {
    #expect([Int]().sum() == 0)
    #expect([1, 2, 3].sum() == 6)
    #expect([Int.max, 1, .max].sum() == .max)
  }
}
