internal import CKTask
internal import Glibc
internal import KTask
internal import LinuxSystem
internal import Synchronization

/// One memory call on a range of whole pages: what its chunks share, and what came of them.
@safe
final class MemoryCall: @unchecked Sendable {
  // @unchecked: counts are atomic; all else is written on the caller's thread alone.
  typealias Chunk = FunctionWork<IntegerIterator<UInt>>.Function

  let range: Range<UInt>
  let options: ktask_options
  /// What was there before; nil: nothing is to be taken back.
  private(set) var there: PagesThere?
  /// Whether of a shared file of memory all that was there is known; nil: as far as a mapping of it tells.
  var knowsFile: Bool?
  /// A file of memory that is mapped there.
  var file: MappedFile?
  /// Pages are only read: no page of a file is copied for this process.
  var isReading = false
  /// Pages are locked until the end, and cannot be given back before.
  var givesBackLater = false
  /// Of private mappings, where this call sets one.
  var policiesBefore: [RangePolicy] = []
  private let givenBack = Atomic<Int>(0)
  private let isComplete = Atomic<Bool>(true)
  /// Some of what was there mincore(2) has not told of.
  private let hasUntold = Atomic<Bool>(false)
  /// Finished chunks that are to be taken back, as the engine names them.
  private var undone: [Range<UInt>] = []

  /// For `ktask_verify`: bytes that are there, and where the first byte is that is not as demanded.
  let resident = Atomic<Int>(0)
  let firstMissing = Atomic<Int>(.max)
  let firstNonZero = Atomic<Int>(.max)
  /// And the nodes of its pages, where some are demanded.
  var counts: PageCounts?

  init(_ range: Range<UInt>, _ options: ktask_options) {
    self.range = range
    unsafe self.options = unsafe options
  }

  /// Pages that the call makes are given back when it fails, unless the caller wants to keep them.
  func willTakeBack() throws(Errno) {
    if unsafe !options.isSet(KTASK_KEEP) { there = try PagesThere(range) }
  }

  func notComplete() { isComplete.store(false, ordering: .relaxed) }
  func noteGivenBack(_ bytes: Int) { givenBack.wrappingAdd(bytes, ordering: .relaxed) }

  /// Notes what is there, does one chunk's work, and gives back what that has added where it fails.
  func doChunk(_ address: UInt, _ length: Int, _ body: (UInt, Int) throws(Errno) -> Void) throws(Errno) {
    try note(address, length)
    do throws(Errno) {
      try body(address, length)
    } catch {
      if givesBackLater {
        remember(address..<address + UInt(length))
      } else {
        giveBackNew(address, address + UInt(length))
      }
      throw error
    }
  }

  private func note(_ address: UInt, _ length: Int) throws(Errno) {
    guard let there else { return }
    // a page that somebody writes for the first time between the two looks is told by the next
    for _ in 0..<3 {
      let found = try there.note(address, length)
      guard let file, !file.has(found, address, length) else { return }
    }
    there.noteAll(address, length)
    hasUntold.store(true, ordering: .relaxed)
  }

  private let lock = FutexLock()

  private func remember(_ range: Range<UInt>) {
    lock.lock()
    defer { lock.unlock() }
    undone.append(range)
  }
}

/// As the engine calls it.
extension MemoryCall {
  /// A chunk's range, and the call that it belongs to; 0 or the chunk's errno.
  static func chunk(
    _ start: UnsafeMutableRawPointer?, _ end: UnsafeMutableRawPointer?, _ argument: UnsafeMutableRawPointer?,
    _ body: (MemoryCall, UInt, Int) throws(Errno) -> Void
  ) -> Int32 {
    guard let argument = unsafe argument else { return EINVAL }
    let (from, to) = (UInt(bitPattern: start), UInt(bitPattern: end))
    return unsafe Unmanaged<MemoryCall>.fromOpaque(argument)._withUnsafeGuaranteedRef { call in
      do throws(Errno) {
        try body(call, from, Int(to - from))
        return 0
      } catch {
        return error.code
      }
    }
  }

  /// Runs the chunks; what is left of a failure when all has been taken back.
  func run(_ chunk: Chunk, _ plan: MemoryPlan, beforeUndo: () -> Void = {}) -> MemoryOutcome {
    guard let control = plan.control else {
      let error = unsafe chunk(
        UnsafeMutableRawPointer(bitPattern: range.lowerBound), UnsafeMutableRawPointer(bitPattern: range.upperBound),
        opaque)
      if error == 0 { return MemoryOutcome(bytesDone: range.count) }
      beforeUndo()
      for range in undone { giveBackNew(range.lowerBound, range.upperBound) }
      return concluded(MemoryOutcome(error: error, failed: range))
    }
    let interruption = unsafe Interruption(options.ko_watch, timeout: options.ko_timeout_ns, total: range.count)
    let task = unsafe FunctionTask(
      control: control, function: chunk,
      undoFunction: { start, end, argument in unsafe MemoryCall.noteUndone(start, end, argument) }, argument: opaque,
      interruption: interruption)
    do throws(TaskControlError) {
      let outcome =
        if let nodeTasks = plan.nodeTasks { try task.run(nodeTasks) } else {
          try task.run(start: range.lowerBound, size: range.count)
        }
      interruption?.conclude(done: outcome.unitsDone)
      if outcome.end != .finished {
        beforeUndo()
        takeBack(control)
      }
      return concluded(MemoryOutcome(outcome, hasTimedOut: interruption?.hasTimedOut ?? false))
    } catch {
      return MemoryOutcome(error: EINVAL, failed: range.lowerBound..<range.lowerBound)
    }
  }

  private var opaque: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }

  private static func noteUndone(
    _ start: UnsafeMutableRawPointer?, _ end: UnsafeMutableRawPointer?, _ argument: UnsafeMutableRawPointer?
  ) {
    _ = unsafe chunk(start, end, argument) { (call, address, length) throws(Errno) in
      call.remember(address..<address + UInt(length))
    }
  }

  /// On all threads; nobody cancels it.
  private func takeBack(_ control: TaskControl) {
    if there == nil || undone.isEmpty { return }
    let task = unsafe FunctionTask(
      control: control,
      function: { start, end, argument in
        unsafe MemoryCall.chunk(start, end, argument) { (call, address, length) throws(Errno) in
          call.giveBackNew(address, address + UInt(length))
        }
      }, argument: opaque)
    let parts = undone.map { NodeTask(start: $0.lowerBound, size: $0.count) }
    if (try? task.run(parts)) == nil { notComplete() }
  }

  private func concluded(_ outcome: MemoryOutcome) -> MemoryOutcome {
    var outcome = outcome
    outcome.bytesGivenBack = givenBack.load(ordering: .relaxed)
    let isKnown = there != nil && !hasUntold.load(ordering: .relaxed)
    outcome.isUndone = isComplete.load(ordering: .relaxed) && (isKnown || outcome.error == 0)
    return outcome
  }
}
