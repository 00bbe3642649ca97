internal import KTask
internal import LinuxSystem

/// Makes the pages of memory that is pinned in a second pass: a chunk populates, its undo gives back what was not there.
@safe
struct PopulateFirst: TaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Int>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    do throws(Errno) {
      try region.makePages(region.address + UInt(start.offset), end.offset - start.offset)
    } catch {
      _ = region.giveBackNew(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: region.recipe.operation(), errno: error)
    }
  }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    unsafe givenBack.pointee += regions[start.region].giveBackNew(from: start.offset, to: end.offset)
  }
}

extension JobRun {
  /// A pass and the one before it, as one run: the time of both, and the threads of the one that took it.
  func after(_ first: JobRun) -> JobRun {
    var both = self
    both.seconds += first.seconds
    both.userSeconds += first.userSeconds
    both.systemSeconds += first.systemSeconds
    if end == .finished { both.threads = first.threads }
    return both
  }
}

extension TaskControl {
  /// The same with no more threads than this.
  func limited(to most: Int) -> TaskControl {
    var control = self
    switch threads {
    case .exactly(let count): control.threads = .exactly(min(count, most))
    case .atMost(let count): control.threads = .atMost(min(count, most))
    case .automatic: control.threads = .atMost(most)
    }
    return control
  }
}
