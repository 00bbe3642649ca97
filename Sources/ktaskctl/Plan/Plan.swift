import KTask
import LinuxSystem
import MemoryWork

/// What a command does where the options say nothing.
struct SweepDefaults {
  /// nil: 1, 2, 4 … up to what the policy allows.
  var threads: ThreadRequest?
  var runs: Int
  var warmup: Int

  static let measuring = SweepDefaults(threads: nil, runs: 3, warmup: 1)
  var threadsText: String { threads?.text ?? "1, 2, 4 …" }

  static let once = SweepDefaults(threads: .automatic, runs: 1, warmup: 0)
}

/// The validated intent: what, how much, how many threads and why. A value, to be printed; `PlannedWork` has what it takes
/// to be done.
struct Plan: Sendable {
  var command: String
  var words: WorkWords
  var intent: Intent

  /// Bytes that a run will do; 0: there is nothing to do.
  var bytes: Int
  /// Bytes of its pages, and those that chunk ends are multiples of.
  var pageSize: Int
  var alignment: Int
  /// Files get or lose names, or become longer, also where no page is to be made.
  var changesNames = false
  /// nil: pages are not made.
  var method: Method?
  var nodeTasks: [Span] = []
  /// None: anonymous memory.
  var files: [PlannedFile] = []

  /// As the user writes them; nil for the doubling counts.
  var threadRequest: ThreadRequest?
  var threadCounts: [Int] = [1]
  var runs = 1
  var warmup = 0
  /// Unmeasured runs come before those until two of them agree, at most `WarmUp.most`.
  var warmsUp = false
  /// Whether this process keeps the result, and until when.
  var hold: Hold?
  /// The largest chunk in bytes: the clock may make less of it.
  var chunkBytes: Int
  var helpers: HelperRules
  /// What bounds the thread count, which of the bounds the counts asked for go beyond, and of which nothing is known.
  var bounds: [Bound] = []
  var exceeded: [Bound] = []
  var unknownBounds: [UnknownBound] = []

  var checks: [Check] = []
  /// By what pools are to be raised; nil where that is not asked for.
  var growth: [PoolRaise]?
  /// The most by which they are to become smaller; nil as well.
  var shrink: [PoolCut]?
  /// What must be told to whoever wants to hear of nothing else.
  var urgentWarnings: [String] = []
  var warnings: [String] = []
}

/// A FILE as it was when the plan was made.
struct PlannedFile: Equatable, Sendable {
  var path: String
  /// What a running process calls it.
  var name: String?
  /// What is asked for, in whole pages.
  var bytes: Int
  /// Of them those that need no work any more; nil: not known.
  var residentBefore: Int?
  var sizeBefore: Int
  /// The size that it is to have.
  var size = 0
  var pageSize: Int
  /// Huge pages are asked for where the kernel gives them to whom asks.
  var isTransparent = false
  /// The pages that are given back of it: all that lie whole in what was asked for.
  var part: Range<Int>
  /// Bytes that are given back with these, since they lie behind its end.
  var behindEnd = 0
  /// Where it comes from, where it was to come from a stock.
  var source: FileSource?
}

/// How helpers behave, and how many of them there may be.
struct HelperRules: Equatable, Sendable {
  var nice: Int
  var tail: TailRule
  /// At once, how many more there could be now, and whether over all processes.
  var limit: Int
  var left: Int
  var isMachineWide: Bool
}

extension HelperRules {
  init(_ priority: HelperPriority, _ budget: HelperBudget) {
    self.init(
      nice: priority.nice, tail: priority.tail, limit: budget.limit, left: budget.left,
      isMachineWide: budget.isMachineWide)
  }
}

extension Plan {
  /// What is left afterwards, or held, is the aim, not only the figures.
  var keepsResult: Bool { intent.keepsResult || hold != nil }

  /// Where all is as asked for already. A demand must be looked at even of an empty file, and a name be removed.
  var hasNothingToDo: Bool { bytes == 0 && !intent.isLook && !intent.removesName && !changesNames }

  /// In all, the unmeasured ones too.
  var runCount: Int { threadCounts.count * (runs + warmup) }

  /// Anonymous memory that is to come in transparent huge pages.
  var wantsTransparent: Bool {
    guard files.allSatisfy(\.isTransparent), pageSize == MemoryInfo.basePageSize else { return false }
    return alignment > pageSize && transparentBytes > 0
  }

  /// What may come in transparent huge pages: the whole ones of each part; of files, of all that was asked for.
  var transparentBytes: Int {
    if !files.isEmpty { return files.reduce(0) { $0 + $1.bytes / alignment * alignment } }
    return nodeTasks.reduce(0) { $0 + $1.range.count / alignment * alignment }
  }

  /// Whether the memory, or a part of it, has been given nodes.
  var placesMemory: Bool { nodeTasks.contains { $0.node != nil } }
}
