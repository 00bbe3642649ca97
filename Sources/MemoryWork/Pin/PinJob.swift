internal import KTask
internal import LinuxSystem

/// What pins memory: the works of a kind, what they need before the first chunk, and what the kernel counts of them.
protocol Pinner: AnyObject {
  associatedtype Work: MemoryTaskWork

  /// What must hold beforehand, besides what the memory itself needs.
  func checks(_ memory: PinnedMemory, _ facts: MachineFacts) -> [Check]
  /// What chunks must have at least, and in multiples, so that there are not more pieces than can be pinned.
  var leastChunk: Int { get }
  /// nil: a chunk makes its pages and pins them. Else all pages are made first, and pinned then by this many threads at
  /// most: pinning that has the process's address space to itself for moments stops those that make pages.
  var threadsApart: Int? { get }
  /// Makes whatever chunks need, so that they allocate nothing; chunks have `grain` bytes, or a multiple, but for the
  /// last one of a part.
  func prepare(_ memory: PinnedMemory, _ table: RegionTable, grain: Int) throws(MemoryError)
  func work(_ table: RegionTable) -> Work
  /// After a finished run: adds what the kernel says is pinned, and throws where that is too little.
  func verify(_ memory: PinnedMemory, _ verification: inout Verification) throws(MemoryError)
  /// Unpins whatever is still pinned; true when nothing is pinned any more.
  func release() -> Bool
}

/// Pins anonymous memory or a file's: a chunk makes its pages, unless they are to be pinned cold, and pins them.
///
/// A pin lives as long as this job and its process: `giveBack` ends it.
final class PinJob<Kind: Pinner>: MemoryJob {
  let memory: PinnedMemory
  let pinner: Kind
  let method: Method?
  private let recipe: Recipe
  private var table: RegionTable?
  private var control: TaskControl?

  init(_ memory: PinnedMemory, _ pinner: Kind, method wanted: Method?) throws(MemoryError) {
    self.memory = memory
    self.pinner = pinner
    (recipe, method) = try pinRecipe(wanted, path: memory.path)
  }

  var bytes: Int { memory.bytes }
  var pageSize: Int { memory.pageSize }
  var alignment: Int { memory.alignment }
  var leastChunk: Int { pinner.leastChunk }
  var nodeTasks: [Span] { memory.parts }
  var files: [MemoryFile] { memory.file.map { [$0] } ?? [] }

  func checks(_ facts: MachineFacts) -> [Check] { memory.checks(facts) + pinner.checks(memory, facts) }

  func prepare() throws(MemoryError) { table = try memory.map(recipe) }

  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    self.control = control
    try pinner.prepare(memory, table!, grain: control.alignment)
    let path = memory.path
    let run: JobRun
    if let most = pinner.threadsApart, recipe.pages != .none {
      run = runApart(control, monitor, most)
    } else {
      run = runMemoryTask(pinner.work(table!), nodeTasks, table!, control, monitor, path: { _ in path })
    }
    if run.end != .finished { table = nil }
    return run
  }

  /// Populates, then pins.
  private func runApart(_ control: TaskControl, _ monitor: TaskMonitor?, _ most: Int) -> JobRun {
    let (table, path) = (table!, memory.path)
    let pages = unsafe PopulatePages(regions: UnsafePointer(table.regions), givenBack: table.givenBack)
    let populated = runMemoryTask(pages, nodeTasks, table, control, monitor, path: { _ in path })
    if populated.end != .finished { return populated }
    let pinning = control.limited(to: most)
    var run = runMemoryTask(pinner.work(table), nodeTasks, table, pinning, monitor, path: { _ in path })
    // what was never begun to be pinned has pages all the same
    if run.end != .finished { run.undoneBytes += takeBack(pages, nodeTasks, table, control, monitor) }
    return run.after(populated)
  }

  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = try memory.verifyResident(table!, control, monitor)
    try pinner.verify(memory, &verification)
    return verification
  }

  func giveBack(finally: Bool, _ monitor: TaskMonitor?) -> GivenBack {
    var given = GivenBack(isComplete: pinner.release())
    if let table {
      let pages = unsafe PopulatePages(regions: UnsafePointer(table.regions), givenBack: table.givenBack)
      given.bytes = takeBack(pages, nodeTasks, table, control ?? .memory(alignment: alignment), monitor)
    }
    table = nil
    given.isComplete = memory.unmap(finally: finally) && given.isComplete
    return given
  }
}

/// Pieces that a pin is cut into at most, where nothing else bounds them: half as many as one ring has places, which leaves
/// room for the short ones at the ends of parts.
let mostPieces = BufferRing.mostPlaces / 2

/// The grain of a pin: mappings of the size asked for are not cut by chunks, and there are no more than `most` of them.
func pinGrain(_ bytes: Int, mapSize: Int?, most: Int?) -> Int {
  if let mapSize, mapSize <= usualMinimumChunk { return mapSize }
  return max(1, bytes.pieces(of: max(1, min(mostPieces, most ?? .max))))
}

/// Pieces of no more than `largest` bytes that parts of so many bytes take at most, in chunks of multiples of `grain`: a
/// chunk's last piece is short, unless pieces divide chunks.
func pinPieces(_ parts: [Int], largest: Int, grain: Int) -> Int {
  parts.map { part in
    if largest >= grain { return part.pieces(of: grain) }
    return part.pieces(of: largest) +| (grain % largest == 0 ? 0 : part.pieces(of: grain))
  }.sum()
}

/// How pages are made before they are pinned: not at all where cold memory is to be pinned.
func pinRecipe(_ wanted: Method?, path: String?) throws(MemoryError) -> (Recipe, Method) {
  if wanted == .mapCold { return (Recipe(pages: .none), .mapCold) }
  let method = try populateMethod(wanted, path: path)
  return (Recipe(pages: method == .touch ? .touch : .populate), method)
}
