// Arithmetic on numbers that somebody else chose: the kernel, a file system of a user's own, who writes the command line. They
// may be anything, and Swift's own operators end the program where a result does not fit. Here it is the nearest that
// does: more than any machine has, and told as a shortage like any other.

infix operator +| : AdditionPrecedence
infix operator -| : AdditionPrecedence
infix operator *| : MultiplicationPrecedence
infix operator +|= : AssignmentPrecedence

extension Int {
  /// The sum, or the most or least that an Int holds.
  @inlinable
  public static func +| (one: Int, other: Int) -> Int {
    let (sum, overflow) = one.addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }

  /// Adds, up to the most or least that an Int holds.
  @inlinable
  public static func +|= (one: inout Int, other: Int) { one = (one +| other) }

  /// The difference, or the most or least that an Int holds.
  @inlinable
  public static func -| (one: Int, other: Int) -> Int {
    let (difference, overflow) = one.subtractingReportingOverflow(other)
    return overflow ? (other < 0 ? .max : .min) : difference
  }

  /// The product, or the most or least that an Int holds.
  @inlinable
  public static func *| (one: Int, other: Int) -> Int {
    let (product, overflow) = one.multipliedReportingOverflow(by: other)
    return overflow ? ((one < 0) == (other < 0) ? .max : .min) : product
  }

  /// How many pieces of `size` it takes, the last of which may be short; none of nothing, or where there is no such size.
  @inlinable
  public func pieces(of size: Int) -> Int { self <= 0 || size <= 0 ? 0 : (self - 1) / size + 1 }

  /// The next multiple of `size`, or the last that an Int holds.
  @inlinable
  public func roundedUp(to size: Int) -> Int {
    let (multiple, overflow) = pieces(of: size).multipliedReportingOverflow(by: size)
    return overflow ? self / size * size : multiple
  }

  /// The amount that is all of a text, in decimal digits; one that an Int does not hold is the most that it does.
  public init?(amount text: some StringProtocol) {
    if text.isEmpty || !text.utf8.allSatisfy({ (48...57).contains($0) }) { return nil }
    self = Int(text) ?? .max
  }
}

extension Sequence<Int> {
  /// All of them together, or the most that an Int holds.
  public func sum() -> Int { reduce(0) { $0 +| $1 } }
}
