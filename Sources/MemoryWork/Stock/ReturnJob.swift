internal import KTask
internal import LinuxSystem

/// `release --to`: gives files to a stock as they are, by their names alone. They become ready when they have been cleared.
///
/// Files that others have are left alone, unless it is to go on `evenIfOpen`: their pages are then of no use to the stock.
public final class ReturnJob: MemoryJob {
  public let files: [MemoryFile]
  public let stock: Stock?
  public let pageSize: Int
  public let alignment: Int
  private let own: Stock
  private let evenIfOpen: Bool

  public init(_ files: [MemoryFile], to stock: Stock, evenIfOpen: Bool = false) throws(MemoryError) {
    for file in files {
      guard let place = file.place, stock.reaches(place.value) else {
        throw MemoryError(.noStock(.otherMount(stock: stock.path)), path: file.path)
      }
      // a name of no size would be none of a stock's
      if file.originalSize == 0 { throw MemoryError(.noSize, path: file.path) }
      let names = file.looked?.names ?? 1
      if names != 1 { throw MemoryError(.noStock(.otherNames(names)), path: file.path) }
    }
    (self.files, own, self.stock, self.evenIfOpen) = (files, stock, stock, evenIfOpen)
    pageSize = files.pageSize
    alignment = files.alignment
  }

  public var losesContent: Bool { true }
  public var needsMemory: Bool { false }
  public var changesNames: Bool { true }
  public var bytes: Int { 0 }
  public var nodeTasks: [Span] { [] }
  public var mostThreads: Int { 1 }
  public var method: Method? { nil }
  public func checks(_ facts: MachineFacts) -> [Check] { [] }

  public func prepare() throws(MemoryError) -> any PreparedRun {
    // somebody may have come since the checks
    if !evenIfOpen { try FilesInUse.refuse(files) }
    // whoever watches the stock hears when this process has done with it
    for file in files { _ = try file.openedForWriting() }
    return ReturnRun(files, own)
  }
}

private final class ReturnRun: PreparedRun {
  private let files: [MemoryFile]
  private let stock: Stock
  private var hasBegun = false

  init(_ files: [MemoryFile], _ stock: Stock) { (self.files, self.stock) = (files, stock) }

  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    let table = RegionTable([], present: [])
    let work = unsafe PunchPages(regions: UnsafePointer(table.regions))
    // the engine's account of a run in which there is nothing to do
    let run = runMemoryTask(work, [], table, control, monitor, path: { _ in nil })
    if run.end != .finished { return run }
    hasBegun = true
    for file in files {
      try monitor?.check(file.path)
      try file.returnTo(stock, as: StockKind(bytes: file.originalSize))
      // from now on it is anybody's who cleans it
      file.descriptor = nil
    }
    return run
  }

  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = Verification()
    verification.released = Released(bytes: files.map(\.before.allocatedBytes).sum(), hasRemoved: true, isProven: false)
    return verification
  }

  /// What has been given away is the stock's.
  func giveBack(_ monitor: TaskMonitor?) -> GivenBack { GivenBack(isComplete: !hasBegun) }
}
