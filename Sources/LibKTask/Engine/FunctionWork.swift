internal import CKTask
internal import KTask

/// What a client's thread function returned instead of 0.
struct FunctionError: Error, BitwiseCopyable {
  let code: Int32
}

/// A client's own iterator: whatever fits a pointer is a position.
@safe
struct FunctionIterator: PositionIterator {
  static var isRandomAccess: Bool { false }
  let step: @convention(c) (UnsafeMutableRawPointer?, Int) -> UnsafeMutableRawPointer?

  func position(_ units: Int, after position: UInt) -> UInt {
    unsafe UInt(bitPattern: step(UnsafeMutableRawPointer(bitPattern: position), units))
  }
}

/// A client's functions as the engine's work. Positions are numbers as large as a pointer.
@safe
struct FunctionWork<Iterator: PositionIterator>: TaskWork, @unchecked Sendable where Iterator.Position == UInt {
  // @unchecked: the client's functions and what they work on are the client's affair; the interruption outlives the task.
  typealias Function =
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Int32
  typealias UndoFunction =
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void

  let iterator: Iterator
  let function: Function
  let undoFunction: UndoFunction?
  let argument: UnsafeMutableRawPointer?
  unowned(unsafe) let interruption: Interruption?

  func run(from start: UInt, to end: UInt) throws(FunctionError) {
    let result = unsafe function(
      UnsafeMutableRawPointer(bitPattern: start), UnsafeMutableRawPointer(bitPattern: end), argument)
    if result != 0 { throw FunctionError(code: result) }
    unsafe interruption?.hasEnded(units: Iterator.isRandomAccess ? Int(bitPattern: end &- start) : nil)
  }

  func undo(from start: UInt, to end: UInt) {
    unsafe undoFunction?(
      UnsafeMutableRawPointer(bitPattern: start), UnsafeMutableRawPointer(bitPattern: end), argument)
  }
}
