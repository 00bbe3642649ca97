internal import KTask
internal import LinuxSystem

/// `stock`: makes files of a kind ready, all of them at once: dirty ones are cleaned, and new ones made.
public final class StockJob: MemoryJob {
  public let stock: Stock?
  public let files: [MemoryFile]
  public let method: Method?
  public let pageSize: Int
  public let alignment: Int
  /// Of its files.
  public let leftAlone: [MemoryError]
  /// How many are lacking that there may be no memory for.
  public let short: Int
  private let own: Stock
  private let kind: StockKind
  private let recipe: Recipe
  /// Dirty files that are no use: open and locked.
  private let dropped: [MemoryFile]
  private let watch = OpenWatch.started()

  /// `files` become ready; of those that are `dropped` the memory is given back. None of both: a look.
  init(
    _ stock: Stock, _ kind: StockKind, _ files: [MemoryFile], dropped: [MemoryFile], leftAlone: [MemoryError],
    short: Int, method: Method?
  ) throws(MemoryError) {
    (recipe, self.method) = try Recipe.populating(method, path: stock.path)
    (own, self.stock, self.kind, self.files, self.dropped) = (stock, stock, kind, files, dropped)
    (self.leftAlone, self.short) = (leftAlone, short)
    pageSize = stock.pageSize
    alignment = files.reduce(stock.pageSize) { max($0, $1.alignment) }
    try refuseTooMuch(files.map(\.length), path: stock.path)
  }

  public var bytes: Int { files.length }
  public var nodeTasks: [Span] { files.nodeTasks }
  public var changesNames: Bool { !dropped.isEmpty }
  public func checks(_ facts: MachineFacts) -> [Check] { fileChecks(files, facts) }

  public func prepare() throws(MemoryError) -> any PreparedRun {
    for file in dropped { try file.drop() }
    // before anything is cleared
    for file in files { try file.becomeStocks(owner: own.owner) }
    let memory = try MappedFiles(files, nodeTasks, watch) { _ in recipe }
    return StockRun(memory, own, kind, files)
  }

  public func putBack() -> Bool { files.putBack() }

  /// Where no more comes of it: what it has open is nobody's work any more.
  public func letGo() {
    for file in files + dropped { file.letGo() }
  }
}

private final class StockRun: PreparedRun {
  private let memory: MappedFiles
  private let stock: Stock
  private let kind: StockKind
  private let files: [MemoryFile]
  /// The first so many of them are anybody's.
  private var readyCount = 0

  init(_ memory: MappedFiles, _ stock: Stock, _ kind: StockKind, _ files: [MemoryFile]) {
    (self.memory, self.stock, self.kind, self.files) = (memory, stock, kind, files)
  }

  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    let choice = StoreChoice(memory.table)
    return withExtendedLifetime(choice) { memory.run(FillPages(memory.table, choice.forChunks), control, monitor) }
  }

  /// What is proven is ready from then on.
  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    try memory.verifyZero(control, monitor)
    var verification = try memory.verifyResident(control, monitor)
    verification.isZero = true
    for file in files {
      try file.becomeReady(in: stock, kind, monitor)
      readyCount += 1
    }
    // nobody takes what somebody else has open or mapped
    memory.dropMappings()
    for file in files { file.descriptor = nil }
    return verification
  }

  /// What is ready stays.
  func giveBack(_ monitor: TaskMonitor?) -> GivenBack {
    let rest = files.indices.dropFirst(readyCount).map { Span(region: $0, range: 0..<files[$0].length) }
    return memory.giveBack(PopulatePages(memory.table), rest, monitor)
  }
}

extension MemoryFile {
  /// Gives its memory back, whoever has it still, and its name.
  fileprivate func drop() throws(MemoryError) {
    let file = try openedForWriting()
    try attempting(.punch, path) { () throws(Errno) in try FileRange.punch(file.value.number, 0, max(1, measure.size)) }
    try attempting(.remove, path) { () throws(Errno) in
      if let place { try place.value.remove(file.value.status()) }
    }
    descriptor = nil
  }

  /// One rename, once it is known that nobody else has it.
  fileprivate func becomeReady(in stock: Stock, _ kind: StockKind, _ monitor: TaskMonitor?) throws(MemoryError) {
    guard let place, let descriptor else { return }
    let status = try attempting(.inspect, path) { () throws(Errno) in try descriptor.value.status() }
    if !stock.isSound(status, kind) { throw MemoryError(.replaced, path: path) }
    switch descriptor.value.company(monitor) {
    case .nobody: break
    case .others: throw MemoryError(.busy, path: path)
    case .unknown(let unread): throw MemoryError(.unread(unread), path: path)
    }
    let name = StockName.random(.ready, kind)
    try attempting(.giveToStock, path) { () throws(Errno) in
      try place.value.move(status, to: place.value.beside(name.text))
    }
    pathInStock = stock.path(of: name)
    (hasCreated, hasExtended) = (false, false)
  }
}
