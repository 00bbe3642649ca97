internal import CKTask
internal import KTask

/// A task of a client's functions, but for its start and size.
@safe
struct FunctionTask {
  typealias Result = TaskOutcome<UInt, FunctionError>

  let control: TaskControl
  let function: FunctionWork<IntegerIterator<UInt>>.Function
  var undoFunction: FunctionWork<IntegerIterator<UInt>>.UndoFunction?
  let argument: UnsafeMutableRawPointer?
  /// nil: positions are addresses.
  var iterator: FunctionIterator?
  var interruption: Interruption?

  /// On the caller's node.
  func run(start: UInt, size: Int) throws(TaskControlError) -> Result {
    let monitor = interruption?.monitor
    guard let iterator else {
      return try control.run(work(IntegerIterator()), start: start, size: size, monitor: monitor)
    }
    return try control.run(work(iterator), start: start, size: size, monitor: monitor)
  }

  /// On a node each.
  func run(_ nodeTasks: [NodeTask<UInt>]) throws(TaskControlError) -> Result {
    let monitor = interruption?.monitor
    guard let iterator else { return try control.run(work(IntegerIterator()), nodeTasks: nodeTasks, monitor: monitor) }
    return try control.run(work(iterator), nodeTasks: nodeTasks, monitor: monitor)
  }

  private func work<Iterator: PositionIterator>(_ iterator: Iterator) -> FunctionWork<Iterator> {
    unsafe FunctionWork(
      iterator: iterator, function: function, undoFunction: undoFunction, argument: argument, interruption: interruption
    )
  }
}
