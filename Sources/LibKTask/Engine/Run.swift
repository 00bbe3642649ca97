public import CKTask
internal import Glibc
internal import KTask

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func ktask_run(
  _ start: UnsafeMutableRawPointer?, _ task_size: Int, _ ctl: UnsafeMutablePointer<ktask_ctl>
) -> Int32 {
  let start = UInt(bitPattern: start)
  return unsafe run(ctl, units: task_size) { task throws(TaskControlError) in
    if task.iterator == nil && start.addingReportingOverflow(UInt(bitPattern: task_size)).overflow {
      throw .sizeOverflow
    }
    return try task.run(start: start, size: task_size)
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func ktask_run_numa(
  _ nodes: UnsafeMutablePointer<ktask_node>?, _ nr_nodes: Int, _ ctl: UnsafeMutablePointer<ktask_ctl>
) -> Int32 {
  guard nr_nodes >= 0, unsafe nodes != nil || nr_nodes == 0 else { return refused(EINVAL) }
  let (room, isTooMuch) = nr_nodes.multipliedReportingOverflow(by: 256)
  guard !isTooMuch, hasHeap(room) else { return refused(ENOMEM) }
  var (tasks, total, isBeyond) = ([NodeTask<UInt>](), 0, false)
  tasks.reserveCapacity(nr_nodes)
  for index in 0..<nr_nodes {
    guard let nodes = unsafe nodes, let task = unsafe NodeTask(nodes[index]) else { return refused(EINVAL) }
    isBeyond = isBeyond || task.start.addingReportingOverflow(UInt(bitPattern: task.size)).overflow
    tasks.append(task)
    total = total &+ task.size
  }
  return unsafe run(ctl, units: total) { task throws(TaskControlError) in
    if task.iterator == nil && isBeyond { throw .sizeOverflow }
    return try task.run(tasks)
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func ktask_iter_range(_ position: UnsafeMutableRawPointer?, _ nsteps: Int) -> UnsafeMutableRawPointer? {
  unsafe UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: position) &+ UInt(bitPattern: nsteps))
}

/// -1, with the engine's own errno.
func refused(_ error: Int32) -> Int32 {
  errno = error
  return -1
}

extension NodeTask where Position == UInt {
  /// nil: there is no such node, or no such size.
  fileprivate init?(_ node: ktask_node) {
    guard unsafe node.kn_nid >= KTASK_NO_NODE, unsafe node.kn_task_size >= 0 else { return nil }
    unsafe self.init(
      start: UInt(bitPattern: node.kn_start), size: node.kn_task_size,
      node: node.kn_nid == KTASK_NO_NODE ? nil : Int(node.kn_nid))
  }
}

extension FunctionTask {
  /// nil: a control object that makes no sense.
  fileprivate init?(_ ctl: ktask_ctl, units: Int) {
    guard units >= 0, let control = unsafe TaskControl(ctl), let function = unsafe ctl.kc_thread_func else {
      return nil
    }
    unsafe self.init(
      control: control, function: function, undoFunction: ctl.kc_undo_func, argument: ctl.kc_func_arg,
      iterator: ctl.kc_iter_func.map { unsafe FunctionIterator(step: $0) },
      interruption: Interruption(ctl.kc_watch, total: units))
  }
}

/// Runs a client's task, and tells it what became of it.
private func run(
  _ given: UnsafeMutablePointer<ktask_ctl>, units: Int,
  _ body: (FunctionTask) throws(TaskControlError) -> FunctionTask.Result
) -> Int32 {
  guard let ctl = unsafe taken(given, into: ktask_ctl(), least: MemoryLayout<ktask_ctl>.size) else {
    return refused(EINVAL)
  }
  guard hasHeap() else { return unsafe refuse(ctl.kc_outcome, ENOMEM) }
  guard let task = unsafe FunctionTask(ctl, units: units) else { return unsafe refuse(ctl.kc_outcome) }
  do throws(TaskControlError) {
    let outcome = try body(task)
    task.interruption?.conclude(done: outcome.unitsDone)
    unsafe outcome.tell(ctl.kc_outcome)
    switch outcome.end {
    case .finished: return 0
    case .cancelled: return refused(ECANCELED)
    case .failed:
      errno = 0
      return outcome.failures[0].error.code
    }
  } catch {
    return unsafe refuse(ctl.kc_outcome)
  }
}

private func refuse(_ given: UnsafeMutablePointer<ktask_outcome>?, _ error: Int32 = EINVAL) -> Int32 {
  guard let given = unsafe given, var told = unsafe taken(given, into: ktask_outcome(), least: 0) else {
    return refused(error)
  }
  unsafe told.ko_end = KTASK_REFUSED
  unsafe give(told, to: given)
  return refused(error)
}

extension TaskOutcome where Position == UInt, Failure == FunctionError {
  /// Into a client's structure, which says how many failures it has room for.
  fileprivate func tell(_ given: UnsafeMutablePointer<ktask_outcome>?) {
    guard let given = unsafe given, var told = unsafe taken(given, into: ktask_outcome(), least: 0) else { return }
    if let room = unsafe told.ko_failures {
      for (index, failure) in failures.prefix(max(0, unsafe told.ko_nr_failures_room)).enumerated() {
        unsafe room[index] = unsafe ktask_failure(failure)
      }
    }
    unsafe told.ko_nr_failures = failures.count
    unsafe told.ko_end = number
    unsafe told.ko_bound = bounds.winner
    unsafe told.ko_threads = threads.count
    unsafe told.ko_chunk = chunk
    unsafe told.ko_units_done = unitsDone
    unsafe told.ko_units_undone = unitsUndone
    unsafe told.ko_nanoseconds = nanoseconds
    unsafe give(told, to: given)
  }

  private var number: ktask_end {
    switch end {
    case .finished: KTASK_FINISHED
    case .failed: KTASK_FAILED
    case .cancelled: KTASK_CANCELLED
    }
  }

  var nanoseconds: UInt64 { UInt64(seconds * 1e9) }
}

extension ktask_failure {
  fileprivate init(_ failure: FailedChunk<UInt, FunctionError>) {
    unsafe self.init(
      kf_start: UnsafeMutableRawPointer(bitPattern: failure.start),
      kf_end: UnsafeMutableRawPointer(bitPattern: failure.end),
      kf_offset: failure.offset, kf_units: failure.units, kf_node_task: failure.nodeTask, kf_error: failure.error.code)
  }
}
