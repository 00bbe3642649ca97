internal import KTask
internal import LinuxSystem

/// What a job works on, mapped for one run, and its regions for chunks.
protocol MappedMemory: AnyObject {
  var table: RegionTable { get }
  /// What a run does.
  var nodeTasks: [Span] { get }
  /// With whose bounds the pages were made that are there; nil: none were, or they have been taken back.
  var madeWith: TaskControl? { get set }
  /// The file of a region; nil: it is anonymous.
  func path(_ region: Int) -> String?
  /// What the kernel says is there, of which kind and where; throws where that is less than all.
  func verifyResident(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification
  /// Takes back the pages that were not there before, where some were made, and lets go of the memory.
  func giveBack(_ monitor: TaskMonitor?) -> GivenBack
  /// Lets go of the memory, whose pages have been taken back; whether all of it could be put back.
  func unmap() -> Bool
}

extension MappedMemory {
  /// Runs a work over all of it. What did not finish has been undone.
  func run<Work: MemoryTaskWork>(_ work: Work, _ control: TaskControl, _ monitor: TaskMonitor?) -> JobRun {
    let run = runMemoryTask(work, nodeTasks, table, control, monitor, path: path)
    madeWith = run.end == .finished ? control : nil
    return run
  }

  func verifyZero(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) {
    try table.verifyZero(nodeTasks, control, monitor, path: path)
  }

  /// Takes back by a work's undo what was made, and lets go of the memory.
  func giveBack<Work: MemoryTaskWork>(_ work: Work, _ nodeTasks: [Span], _ monitor: TaskMonitor?) -> GivenBack {
    var given = GivenBack()
    if let madeWith { given.bytes = takeBack(work, nodeTasks, table, madeWith, monitor) }
    madeWith = nil
    given.isComplete = unmap()
    return given
  }
}
