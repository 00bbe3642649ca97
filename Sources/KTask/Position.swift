/// How the engine steps through a task whose positions it does not understand: the RFC's iterator.
///
/// Several threads call it at once, and some of them for the same step, since none waits for another: of those the first has
/// the chunk. So it is a function of its arguments, and what it looks at, such as a list's links, does not change during a task.
///
/// Positions are trivially copyable, so handing them out retains nothing; a linked list's position is its
/// `Unmanaged` or unsafe pointer.
public protocol PositionIterator: BitwiseCopyable, Sendable {
  associatedtype Position: BitwiseCopyable

  /// Whether a position any number of units away is found in constant time. Otherwise each step is made once for each chunk, or
  /// a few times where threads want one at the same moment.
  static var isRandomAccess: Bool { get }

  /// The position `units` after `position`; never called beyond the end of the node task.
  func position(_ units: Int, after position: Position) -> Position

  /// Units by which `position` lies past the last boundary that is a multiple of `alignment`.
  func misalignment(of position: Position, to alignment: Int) -> Int
}

extension PositionIterator {
  /// Opaque positions count their alignment from the start of the node task.
  @inlinable public func misalignment(of position: Position, to alignment: Int) -> Int { 0 }
}

/// Integers as positions, one unit apart: the default. A node task may be longer than the type's largest number, as long as it
/// ends within the type.
public struct IntegerIterator<Position: FixedWidthInteger & BitwiseCopyable>: PositionIterator {
  @inlinable public static var isRandomAccess: Bool { true }
  @inlinable public init() {}

  @inlinable public func position(_ units: Int, after position: Position) -> Position {
    // what is cut off of the units is cut off of the sum, too
    position &+ Position(truncatingIfNeeded: units)
  }

  @inlinable public func misalignment(of position: Position, to alignment: Int) -> Int {
    if let number = Int(exactly: position) { return Self.rest(of: number, alignment) }
    // a type that goes beyond Int has room for any alignment
    return Self.rest(of: position, Position(alignment))
  }

  /// By a division that rounds down.
  @inlinable static func rest<Number: FixedWidthInteger>(of number: Number, _ divisor: Number) -> Int {
    let rest = number % divisor
    return Int(rest < 0 ? rest + divisor : rest)
  }
}

/// Addresses as positions, a unit being a byte.
public struct AddressIterator: @unsafe PositionIterator {
  @inlinable public static var isRandomAccess: Bool { true }
  @inlinable public init() {}

  @inlinable public func position(
    _ units: Int, after position: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    unsafe position + units
  }

  @inlinable public func misalignment(of position: UnsafeMutableRawPointer, to alignment: Int) -> Int {
    Int(UInt(bitPattern: position) % UInt(alignment))
  }
}
