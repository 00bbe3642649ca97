internal import KTask
internal import LinuxSystem

/// `clear` without FILE: pieces of anonymous memory, all at once, made by the kernel and so cleared.
public final class ClearAnonymousJob: MemoryJob {
  private let pieces: [AnonymousMemory]
  private let recipe: Recipe
  public let method: Method?
  public let bytes: Int
  public let pageSize: Int
  public let alignment: Int

  /// All of the same kind of pages.
  public init(_ pieces: [AnonymousMemory], method wanted: Method?) throws(MemoryError) {
    try refuseTooMuch(pieces.map(\.bytes))
    self.pieces = pieces
    (recipe, method) = try Recipe.populating(wanted)
    bytes = pieces.map(\.bytes).sum()
    pageSize = pieces.pageSize
    alignment = pieces.alignment
  }

  public var nodeTasks: [Span] { pieces.nodeTasks }
  public var files: [MemoryFile] { [] }
  public func checks(_ facts: MachineFacts) -> [Check] { total(pieces.map { $0.checks(facts) }) }

  public func prepare() throws(MemoryError) -> any PreparedRun {
    ClearAnonymousRun(try MappedPieces(pieces, recipe))
  }
}

private final class ClearAnonymousRun: PreparedRun {
  private let memory: MappedPieces

  init(_ memory: MappedPieces) { self.memory = memory }

  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    memory.run(PopulatePages(memory.table), control, monitor)
  }

  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var verification = try verifyResidency(control, monitor)
    try memory.verifyZero(control, monitor)
    verification.isZero = true
    return verification
  }

  func verifyResidency(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    try memory.verifyResident(control, monitor)
  }

  func giveBack(_ monitor: TaskMonitor?) -> GivenBack { memory.giveBack(monitor) }
}
