internal import KTask
internal import LinuxSystem

/// Pins anonymous memory or a file's: a chunk makes its pages, unless they are to be pinned cold, and pins them.
///
/// A pin lives as long as its run and this process: `giveBack` ends it.
final class PinJob<Kind: Pinner>: MemoryJob {
  private let memory: PinnedMemory
  private let pinner: Kind
  private let recipe: Recipe
  let method: Method?

  init(_ memory: PinnedMemory, _ pinner: Kind, method wanted: Method?) throws(MemoryError) {
    self.memory = memory
    self.pinner = pinner
    (recipe, method) = try Recipe.pinning(wanted, path: memory.path)
  }

  var bytes: Int { memory.bytes }
  var pageSize: Int { memory.pageSize }
  var alignment: Int { memory.alignment }
  var leastChunk: Int { pinner.leastChunk }
  /// Cold memory's pages are made by the calls that pin it.
  var usefulThreads: Int { recipe.pages == .none ? pinner.threadsApart ?? .max : .max }
  var nodeTasks: [Span] { memory.parts }
  var files: [MemoryFile] { memory.files }

  func checks(_ facts: MachineFacts) -> [Check] { memory.checks(facts) + pinner.checks(memory, facts) }

  func prepare() throws(MemoryError) -> any PreparedRun {
    let mapped = try memory.map(recipe)
    do throws(MemoryError) {
      let pins = try pinner.pins(memory, alignment: rounded(leastChunk, up: alignment) ?? alignment)
      return PinRun(memory, mapped, pins, threadsApart: recipe.pages == .none ? nil : pinner.threadsApart)
    } catch {
      _ = mapped.unmap()
      throw error
    }
  }

  func putBack() -> Bool { files.putBack() }
}

private final class PinRun<Pins: MadePins>: PreparedRun {
  private let memory: PinnedMemory
  private let mapped: any MappedMemory
  private let pins: Pins
  /// nil: chunks make pages and pin them.
  private let threadsApart: Int?

  init(_ memory: PinnedMemory, _ mapped: any MappedMemory, _ pins: Pins, threadsApart: Int?) {
    self.memory = memory
    self.mapped = mapped
    self.pins = pins
    self.threadsApart = threadsApart
  }

  /// Populates, then pins, where that is apart.
  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    guard let threadsApart else { return mapped.run(pins.work(mapped.table), control, monitor) }
    let pages = PopulatePages(mapped.table)
    let populated = mapped.run(pages, control, monitor)
    if populated.end != .finished { return populated }
    var run = mapped.run(pins.work(mapped.table), control.limited(to: threadsApart), monitor)
    // what was never begun to be pinned has pages all the same
    if run.end != .finished { run.undoneBytes += takeBack(pages, mapped.nodeTasks, mapped.table, control, monitor) }
    return run.after(populated)
  }

  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = try mapped.verifyResident(control, monitor)
    try pins.verify(memory, &verification)
    return verification
  }

  func giveBack(_ monitor: TaskMonitor?) -> GivenBack {
    let isReleased = pins.release()
    var given = mapped.giveBack(PopulatePages(mapped.table), mapped.nodeTasks, monitor)
    given.isComplete = given.isComplete && isReleased
    return given
  }
}
