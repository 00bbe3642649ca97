public import KTask
public import LinuxSystem

/// A kind of memory work on its regions, for as many runs as are asked for.
///
/// The order is: checks, then for each run prepare, run, verify; between runs giveBack; at the end keep or giveBack.
/// A run that did not finish has been undone and needs giveBack, too.
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
  /// The way pages are made; nil where they are not.
  var method: Method? { get }
  /// None: anonymous memory.
  var files: [MemoryFile] { get }
  /// Whether all that it works on is mapped at once.
  var mapsAllOfIt: Bool { get }
  /// Whether what is in its files goes: nobody else should have them.
  var losesContent: Bool { get }
  /// What must hold beforehand.
  func checks(_ facts: MachineFacts) -> [Check]
  /// What a run needs and its time should not count.
  func prepare() throws(MemoryError)
  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun
  /// Proves that the run did what it should, on all threads.
  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification
  /// Takes back what the last run added, unless it undid that itself, and restores sizes. `finally`: also removes the
  /// file that it made. Whoever cancels `monitor` does not end it; it shows how far it is.
  func giveBack(finally: Bool, _ monitor: TaskMonitor?) -> GivenBack
}

/// What was taken back, and whether that is all there was to take back.
public struct GivenBack: Sendable, Equatable {
  public var bytes = 0
  public var isComplete = true
}

/// What was found when a run's work was looked at.
public struct Verification: Sendable, Equatable {
  /// nil: contents were not to be cleared.
  public var isZero: Bool?
  /// nil: the kernel does not tell.
  public var residentBytes: Int? = 0
  /// Of them in huge pages, of a pool or transparent; nil where the kernel does not tell.
  public var hugeBytes: Int? = 0
  /// nil: not to be locked.
  public var lockedBytes: Int?
  /// Pinned, by the kernel's own count; nil: not to be pinned.
  public var pinnedBytes: Int?
  /// Where devices see the memory; nil: they do not.
  public var addresses: DeviceAddresses?
  /// The size of most of the pages; 0 where the kernel does not tell.
  public var pageSize = 0
  /// Empty where the kernel does not tell.
  public var bytesByNode: [Int: Int] = [:]
  /// What was demanded and is not so.
  public var unmet: [MemoryError] = []
  /// What could not be looked at.
  public var unread: [Unreadable] = []

  public init() {}
}

extension MemoryJob {
  /// Unwatched.
  public func giveBack(finally: Bool) -> GivenBack { giveBack(finally: finally, nil) }

  public var leastChunk: Int { 1 }
  public var mostThreads: Int { .max }
  public var mapsAllOfIt: Bool { true }
  public var losesContent: Bool { false }

  /// The engine's bounds for memory: chunks of whole pages, `minimumChunk` or more, and no more than the usual minimum
  /// beyond that. R2's quarter of a share may be gigabytes, and a machine whose host has not backed its memory yet makes
  /// some 200 MiB a second: cancelling and progress would wait for whole chunks of that.
  public func control(minimumChunk: Int, threads: TaskControl.Threads) -> TaskControl {
    let grain = rounded(leastChunk, up: alignment) ?? alignment
    var control = TaskControl.memory(minimumChunk: max(minimumChunk, grain), alignment: grain)
    control.threads = threads
    control.maximumThreads = max(1, mostThreads)
    return control
  }
}

extension TaskControl {
  /// For chunks of whole pages.
  static func memory(minimumChunk: Int = usualMinimumChunk, alignment: Int) -> TaskControl {
    TaskControl(minimumChunk: minimumChunk).forMemory(minimumChunk: minimumChunk, alignment: alignment)
  }

  /// The same, for chunks of whole pages: whatever the clock makes of them, none is cut.
  func forMemory(minimumChunk: Int = usualMinimumChunk, alignment: Int) -> TaskControl {
    let least = rounded(minimumChunk, up: alignment) ?? minimumChunk / alignment * alignment
    var control = self
    control.minimumChunk = least
    control.maximumChunk = max(least, usualMinimumChunk)
    control.alignment = alignment
    return control
  }
}

/// The RFC's clients' minimum chunk: finer ones contend for page tables, coarser ones spread the finishing times.
public let usualMinimumChunk = 128 << 20
