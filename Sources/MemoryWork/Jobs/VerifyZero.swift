internal import KTask
internal import LinuxSystem

/// Looks at every byte, on all threads: a chunk with one that is not zero fails, and says where.
///
/// The kernel's own patch left the last 4 KiB of every chunk uncleared, and nobody noticed, since only speed was measured.
@safe
struct VerifyZero: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let address = unsafe regions[start.region].address + UInt(start.offset)
    let found: Int?
    do throws(Errno) {
      found = try Memory.firstNonZero(address, end.offset - start.offset)
    } catch {
      throw ChunkFailure(operation: .verify, errno: error)
    }
    if let found { throw .notZero(at: found) }
  }
}

extension RegionTable {
  /// Throws the first byte of the spans that is not zero, or what kept it from being looked at.
  func verifyZero(
    _ spans: [Span], _ control: TaskControl, _ monitor: TaskMonitor?, path: (Int) -> String?
  ) throws(MemoryError) {
    let work = unsafe VerifyZero(regions: UnsafePointer(regions))
    let run = runMemoryTask(work, spans, self, control, monitor, path: path)
    if let error = run.errors.first { throw error }
    if run.end == .cancelled { throw MemoryError(.cancelled) }
  }
}
