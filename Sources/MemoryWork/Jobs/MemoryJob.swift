public import KTask

/// A kind of memory work on its regions, for as many runs as are asked for.
///
/// The order is: checks; then for each run `prepare`, and what that returns does the rest; `putBack` at the end, unless the
/// result is kept. What belongs to one run is its own (`PreparedRun`), so that there is nothing to be in a wrong state.
public protocol MemoryJob: AnyObject {
  /// Bytes that a run will do; 0: there is nothing to do.
  var bytes: Int { get }
  /// Bytes of the pages that it asks for.
  var pageSize: Int { get }
  /// Bytes that chunk ends are multiples of.
  var alignment: Int { get }
  /// What chunks must have at least, and in multiples, so that there are not too many; 1 where it does not matter.
  var leastChunk: Int { get }
  /// The node tasks of a run.
  var nodeTasks: [Span] { get }
  /// More threads than this only wait for each other.
  var mostThreads: Int { get }
  /// So many are taken unless others are asked for, as in a sweep that shows it: they work side by side, and more would wait. Where
  /// that is not known beforehand it is as many as there are.
  var usefulThreads: Int { get }
  /// The way pages are made; nil where they are not.
  var method: Method? { get }
  /// None: anonymous memory.
  var files: [MemoryFile] { get }
  /// The part of a file that it works on, and the part that was asked for, which need not be whole pages.
  func part(of file: MemoryFile) -> Range<Int>
  func askedPart(of file: MemoryFile) -> Range<Int>
  /// Bytes that it gives back beyond that, since they lie behind the file's end.
  func bytesBehindEnd(of file: MemoryFile) -> Int
  /// Whether it makes pages, or maps all that it works on at once. False: its `checks` are none.
  var needsMemory: Bool { get }
  /// Whether what is in its files goes: nobody else should have them.
  var losesContent: Bool { get }
  /// Whether files get or lose names, or become longer, also where no page is to be made.
  var changesNames: Bool { get }
  /// The stock whose files they are; nil: they are in none.
  var stock: Stock? { get }
  /// Why some of what it could have worked on is left as it is.
  var leftAlone: [MemoryError] { get }
  /// What must hold beforehand.
  func checks(_ facts: MachineFacts) -> [Check]
  /// What a run needs and its time should not count. One that throws has left nothing that `putBack` does not put back.
  func prepare() throws(MemoryError) -> any PreparedRun
  /// Once there is no run any more: files get the sizes that they had, and those go that were made. Whether all of that was
  /// possible.
  func putBack() -> Bool
}

/// One run of a job: the owner of what is mapped, opened or pinned for it.
public protocol PreparedRun: AnyObject {
  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun
  /// Proves that the run did what it should, on all threads.
  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification
  /// The same but for contents: only that the pages are there.
  func verifyResidency(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification
  /// Takes back what the run added, unless it did not finish and so undid that itself, and lets go of all that it has. Whoever
  /// cancels `monitor` does not end it; it shows how far it is.
  func giveBack(_ monitor: TaskMonitor?) -> GivenBack
}

/// What was taken back, and whether that is all there was to take back.
public struct GivenBack: Sendable, Equatable {
  public var bytes = 0
  public var isComplete = true

  public init(bytes: Int = 0, isComplete: Bool = true) {
    self.bytes = bytes
    self.isComplete = isComplete
  }
}

extension PreparedRun {
  /// Where no contents are to be proven.
  public func verifyResidency(
    _ control: TaskControl, _ monitor: TaskMonitor?
  ) throws(MemoryError) -> Verification {
    try verify(control, monitor)
  }

  /// Unwatched.
  public func giveBack() -> GivenBack { giveBack(nil) }
}

extension MemoryJob {
  public var leastChunk: Int { 1 }
  public var mostThreads: Int { .max }
  public var usefulThreads: Int { .max }
  public func part(of file: MemoryFile) -> Range<Int> { 0..<file.length }
  public func askedPart(of file: MemoryFile) -> Range<Int> { 0..<file.askedBytes }
  public func bytesBehindEnd(of file: MemoryFile) -> Int { 0 }
  public var needsMemory: Bool { true }
  public var losesContent: Bool { false }
  public var changesNames: Bool { false }
  public var stock: Stock? { nil }
  public var leftAlone: [MemoryError] { [] }
  public func putBack() -> Bool { true }

  /// The engine's bounds for memory: chunks of whole pages, `minimumChunk` or more, and no more than the usual minimum
  /// beyond that. R2's quarter of a share may be gigabytes, and a machine whose host has not backed its memory yet makes
  /// some 200 MiB a second: cancelling and progress would wait for whole chunks of that.
  public func control(minimumChunk: Int, threads: TaskControl.Threads) -> TaskControl {
    let least = rounded(leastChunk, up: alignment) ?? alignment
    var control = TaskControl.memory(minimumChunk: max(minimumChunk, least), alignment: least)
    control.threads = threads
    control.maximumThreads = max(1, mostThreads)
    return control
  }
}
