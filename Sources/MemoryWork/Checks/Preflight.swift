public import LinuxSystem

/// Something that must be there before any memory is touched: how much is needed, how much there is.
public struct Check: Equatable, Sendable {
  public enum What: Hashable, Sendable {
    case memory
    case cgroupMemory(path: String)
    /// Free pages of a pool that nobody has reserved, of so many bytes each, of so many in the pool.
    case hugePages(size: Int, total: Int)
    case cgroupHugePages(size: Int, path: String)
    case nodeMemory(node: Int)
    /// As `hugePages`, of one node.
    case nodeHugePages(size: Int, node: Int, total: Int)
    case space(fileSystem: String)
    /// RLIMIT_MEMLOCK, without CAP_IPC_LOCK.
    case lockLimit
    /// RLIMIT_FSIZE.
    case fileSizeLimit
    /// RLIMIT_AS.
    case addressSpaceLimit
    /// RLIMIT_DATA.
    case dataLimit
    /// What the kernel promises in all where it promises no more than there is, of which `memory` bytes are not swap.
    case commitLimit(memory: Int)
    /// Pieces that can be pinned each by itself, a count: "buffers".
    case pieces(String)
    /// That nobody else has files open or mapped whose content goes. Not about an amount: whoever has them is named.
    case alone(FilesInUse)
  }
  public var what: What
  /// In bytes, huge pages too; pieces are counted.
  public var need: Int
  public var have: Int
  public var path: String?
  /// What a pool has for it, `have` in parts; nil: it is not about a pool.
  public var supply: HugePagePool.Supply?
  /// Why it could not be made; nil: it was. What is then needed and had means nothing.
  public var notMade: Unreadable?

  /// A check that was not made stands in nobody's way: the kernel is to say it.
  public var isMet: Bool {
    if notMade != nil { return true }
    if case .alone(let use) = what { return use.paths.isEmpty }
    return need <= have
  }

  public init(_ what: What, need: Int, have: Int, path: String? = nil) {
    self.what = what
    self.need = need
    self.have = have
    self.path = path
  }

  init(_ what: What, path: String? = nil) { self.init(what, need: 0, have: 0, path: path) }

  public init(_ what: What, need: Int, notMade: Unreadable, path: String? = nil) {
    self.init(what, need: need, have: 0, path: path)
    self.notMade = notMade
  }

  /// Made where the kernel told what there is; `have` makes bytes of that.
  init<Value>(_ what: What, need: Int, _ fact: Fact<Value>, path: String? = nil, have: (Value) -> Int) {
    switch fact {
    case .success(let value): self.init(what, need: need, have: have(value), path: path)
    case .failure(let unread): self.init(what, need: need, notMade: unread, path: path)
    }
  }
}

/// What the machine and the process have, asked once before the checks; made up by tests.
public struct MachineFacts: Sendable {
  public var memory: Fact<MemoryInfo> = .success(MemoryInfo(totalBytes: 0, availableBytes: 0, freeBytes: 0))
  public var nodes: Fact<[NodeMemory]> = .success([])
  public var cgroupMemory: Fact<ControlGroup.Headroom?> = .success(nil)
  /// Groups that may limit memory, too, and that this process cannot see.
  public var hiddenMemoryLimits: Unreadable?
  public var pools: Fact<[HugePagePool]> = .success([])
  /// The process's headroom for huge pages of a size.
  public var cgroupHugePages: [Int: Fact<ControlGroup.Headroom?>] = [:]
  /// Groups that may limit huge pages, too, and that this process cannot see.
  public var hiddenHugetlbLimits: Unreadable?
  /// Of each, nil: no limit.
  public var fileSizeLimit: Fact<Int?> = .success(nil)
  /// What may still be locked; no limit with CAP_IPC_LOCK.
  public var lockable: Fact<Int?> = .success(nil)
  /// What RLIMIT_AS and RLIMIT_DATA still leave.
  public var addressSpace: Fact<Int?> = .success(nil)
  public var data: Fact<Int?> = .success(nil)
  /// nil: the kernel promises more memory than there is.
  public var commitLimit: Fact<CommitLimit?> = .success(nil)

  public init() {}

  /// Throws where this process lacks what it takes to ask.
  public static func current() throws(MemoryError) -> MachineFacts {
    var facts = MachineFacts()
    let status = asking { () throws(Unreadable) in try ProcessStatus.current() }
    let group = ControlGroup.current()
    facts.memory = asking { () throws(Unreadable) in try MemoryInfo.current() }
    facts.nodes = asking { () throws(Unreadable) in try NodeMemory.all() }
    facts.cgroupMemory = asking { () throws(Unreadable) in try group.memoryHeadroom }
    facts.hiddenMemoryLimits = group.hiddenMemoryLimits
    facts.pools = asking { () throws(Unreadable) in try HugePagePool.all() }
    for size in facts.pools.known?.map(\.pageSize) ?? [] {
      facts.cgroupHugePages[size] = asking { () throws(Unreadable) in try group.hugetlbHeadroom(pageSize: size) }
    }
    facts.hiddenHugetlbLimits = group.hiddenHugetlbLimits
    facts.fileSizeLimit = limit(.fileSize)
    facts.lockable = lockable(status)
    facts.addressSpace = left(.addressSpace, status, \.addressSpaceBytes)
    facts.data = left(.data, status, \.dataBytes)
    facts.commitLimit = asking { () throws(Unreadable) in try CommitLimit.current() }
    if let shortage = facts.shortage { throw MemoryError(.unread(shortage)) }
    return facts
  }

  /// The first answer that is none, because the process has no descriptor or memory left to ask with.
  private var shortage: Unreadable? {
    let all = [
      memory.unread, nodes.unread, cgroupMemory.unread, pools.unread, fileSizeLimit.unread, lockable.unread,
      addressSpace.unread, data.unread, commitLimit.unread,
    ]
    return (all + cgroupHugePages.values.map(\.unread)).compactMap(\.self).first(where: \.isShortage)
  }

  private static func limit(_ resource: ResourceLimit.Resource) -> Fact<Int?> {
    asking { () throws(Unreadable) in try ResourceLimit.of(resource).soft }
  }

  /// What a limit leaves beside what the process has already.
  private static func left(
    _ resource: ResourceLimit.Resource, _ status: Fact<ProcessStatus>, _ used: (ProcessStatus) -> Int
  ) -> Fact<Int?> {
    asking { () throws(Unreadable) in
      guard let limit = try ResourceLimit.of(resource).soft else { return nil }
      return max(0, limit -| used(try status.get()))
    }
  }

  /// What this process may still lock or pin; nil: as much as there is.
  static func lockable(
    _ status: Fact<ProcessStatus> = asking({ () throws(Unreadable) in try ProcessStatus.current() })
  ) -> Fact<Int?> {
    let left = left(.lockedMemory, status) { $0.lockedBytes +| $0.pinnedBytes }
    if left == .success(nil) { return left }
    let isCapable = asking { () throws(Unreadable) in try Capability.ipcLock.isEffective }
    return isCapable.flatMap { $0 ? .success(nil) : left }
  }

  /// Memory that a run leaves for everybody else: the last of it costs reclaim, then the OOM killer.
  public static func reserve(of total: Int) -> Int { max(64 << 20, total / 100) }

  /// Bytes that may be had without taking the last of it.
  static func available(in memory: MemoryInfo) -> Int {
    max(0, memory.availableBytes -| reserve(of: memory.totalBytes))
  }

  /// The same on a node.
  static func available(on node: NodeMemory) -> Int { max(0, node.availableBytes -| reserve(of: node.totalBytes)) }
}

/// A question to the kernel, and what came of it.
func asking<Value>(_ ask: () throws(Unreadable) -> Value) -> Fact<Value> {
  do throws(Unreadable) {
    return .success(try ask())
  } catch {
    return .failure(error)
  }
}

/// A question that an answer is needed to.
func requiring<Value>(
  _ path: String? = nil, _ ask: () throws(Unreadable) -> Value
) throws(MemoryError) -> Value {
  do throws(Unreadable) {
    return try ask()
  } catch {
    throw MemoryError(.unread(error), path: path)
  }
}

/// Sizes that cannot even be added up are more than any machine has; afterwards their sums are taken for granted.
func refuseTooMuch(_ sizes: [Int], path: String? = nil) throws(MemoryError) {
  var sum = 0
  for size in sizes {
    let (next, overflow) = sum.addingReportingOverflow(size)
    if overflow { throw MemoryError(.failed(.map, .noMemory), path: path) }
    sum = next
  }
}

extension MachineFacts {
  /// Base or transparent huge pages: memory with the page tables that map it, in the machine and in the cgroup.
  func memoryChecks(_ bytes: Int, path: String? = nil) -> [Check] {
    if bytes == 0 { return [] }
    return [Check(.memory, need: Self.withPageTables(bytes), memory, path: path, have: Self.available)]
      + cgroupChecks(bytes, pageSize: MemoryInfo.basePageSize, path: path)
  }

  private static func withPageTables(_ bytes: Int) -> Int {
    bytes +| bytes / 512
  }

  /// What the process's control groups leave, for pages of a pool or of memory.
  func cgroupChecks(_ bytes: Int, pageSize: Int, path: String? = nil) -> [Check] {
    if bytes == 0 { return [] }
    if pageSize > MemoryInfo.basePageSize {
      // each pool that is known was asked for
      let headroom = cgroupHugePages[pageSize] ?? pools.map { _ in nil }
      return groupChecks(headroom, hiddenHugetlbLimits, need: bytes, path) {
        .cgroupHugePages(size: pageSize, path: $0)
      }
    }
    let need = Self.withPageTables(bytes)
    return groupChecks(cgroupMemory, hiddenMemoryLimits, need: need, path) { .cgroupMemory(path: $0) }
  }

  /// Of the groups in sight, and of those that are not.
  private func groupChecks(
    _ headroom: Fact<ControlGroup.Headroom?>, _ hidden: Unreadable?, need: Int, _ path: String?,
    what: (String) -> Check.What
  ) -> [Check] {
    var checks: [Check] = []
    switch headroom {
    case .success(let group?): checks = [Check(what(group.path), need: need, have: group.bytes, path: path)]
    case .success(nil): break
    case .failure(let unread): checks = [Check(what("of this process"), need: need, notMade: unread, path: path)]
    }
    if let hidden { checks.append(Check(what("out of sight"), need: need, notMade: hidden, path: path)) }
    return checks
  }

  /// Memory bound to one node, of base pages or of a pool's.
  func nodeChecks(
    _ bytes: Int, on node: Int, pageSize: Int, path: String? = nil, own: Fact<Int> = .success(0)
  ) -> [Check] {
    if bytes == 0 { return [] }
    if pageSize > MemoryInfo.basePageSize { return poolChecks(bytes, on: node, pageSize, path, own) }
    // a kernel that knows no nodes is to say it
    if nodes.known?.isEmpty == true { return [] }
    return [
      Check(.nodeMemory(node: node), need: Self.withPageTables(bytes), nodes, path: path) { $0.available(on: node) }
    ]
  }

  /// Pages of a pool. Of the pages that it has promised, `own` bytes are promised to these.
  func hugePageChecks(
    _ bytes: Int, pageSize: Int, path: String? = nil, own: Fact<Int> = .success(0)
  ) -> [Check] {
    if bytes == 0 { return [] }
    return poolChecks(bytes, on: nil, pageSize, path, own) + cgroupChecks(bytes, pageSize: pageSize, path: path)
  }

  func lockChecks(_ bytes: Int) -> [Check] { limitChecks(.lockLimit, bytes, lockable) }

  func fileSizeChecks(_ size: Int, path: String) -> [Check] {
    limitChecks(.fileSizeLimit, size, fileSizeLimit, path: path)
  }

  /// A limit on the process; nothing where there is none.
  func limitChecks(_ what: Check.What, _ need: Int, _ limit: Fact<Int?>, path: String? = nil) -> [Check] {
    switch limit {
    case .success(nil): []
    case .success(let have?): [Check(what, need: need, have: have, path: path)]
    case .failure(let unread): [Check(what, need: need, notMade: unread, path: path)]
    }
  }
}

extension [NodeMemory] {
  /// Bytes that may be had on a node without taking the last of it; a node without memory is not listed.
  func available(on node: Int) -> Int { first { $0.number == node }.map(MachineFacts.available) ?? 0 }
}
