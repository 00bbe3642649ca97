internal import CKTask
internal import Glibc
internal import KTask

/// What came of a memory call.
struct MemoryOutcome {
  /// 0: all is done.
  var error: Int32 = 0
  var bytesDone = 0
  var bytesGivenBack = 0
  var isUndone = true
  var threads = 1
  var bound = KTASK_BOUND_NONE
  var chunk = 0
  var nanoseconds: UInt64 = 0
  var bytesResident = 0
  /// The first chunk that failed.
  var failed: Range<UInt>?

  init(bytesDone: Int) { self.bytesDone = bytesDone }

  init(error: Int32, failed: Range<UInt>? = nil) {
    self.error = error
    self.failed = failed
  }

  init(_ outcome: TaskOutcome<UInt, FunctionError>, hasTimedOut: Bool) {
    switch outcome.end {
    case .finished: error = 0
    case .cancelled: error = hasTimedOut ? ETIMEDOUT : ECANCELED
    case .failed:
      error = outcome.failures[0].error.code
      failed = outcome.failures[0].start..<outcome.failures[0].end
    }
    bytesDone = outcome.unitsDone
    threads = outcome.threads.count
    bound = outcome.bounds.winner
    chunk = outcome.chunk
    nanoseconds = outcome.nanoseconds
  }

  /// Something that is not as demanded.
  mutating func fail(_ error: Int32, at address: UInt) {
    self.error = error
    failed = address..<address
  }

  /// Into the client's structure, and errno; the call's answer.
  func answer(_ given: UnsafeMutablePointer<ktask_result>?, from start: UInt) -> Int32 {
    var told = ktask_result()
    told.kr_bytes_done = bytesDone
    told.kr_bytes_undone = bytesGivenBack
    told.kr_undone = isUndone ? 1 : 0
    told.kr_bound = bound
    told.kr_threads = threads
    told.kr_chunk = chunk
    told.kr_nanoseconds = nanoseconds
    told.kr_bytes_resident = bytesResident
    if let failed {
      told.kr_failed_offset = Int(failed.lowerBound - start)
      told.kr_failed_length = failed.count
    }
    unsafe give(told, to: given)
    return error == 0 ? 0 : refused(error)
  }
}
