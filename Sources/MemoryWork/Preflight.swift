public import LinuxSystem

/// Something that must be there before any memory is touched: how much is needed, how much there is.
public struct Check: Equatable, Sendable {
  public enum What: Equatable, Sendable {
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
    /// Pieces that can be pinned each by itself, a count: "buffers".
    case pieces(String)
  }
  public var what: What
  /// In bytes, huge pages too; pieces are counted.
  public var need: Int
  public var have: Int
  public var path: String?

  public var isMet: Bool { need <= have }

  public init(_ what: What, need: Int, have: Int, path: String? = nil) {
    self.what = what
    self.need = need
    self.have = have
    self.path = path
  }
}

/// What the machine and the process have, asked once before the checks; made up by tests.
public struct MachineFacts: Sendable {
  public var memoryTotal = 0
  public var memoryAvailable = 0
  public var nodes: [NodeMemory] = []
  public var cgroupMemory: ControlGroup.Headroom?
  public var pools: [HugePagePool] = []
  /// The process's headroom for huge pages of a size.
  public var cgroupHugePages: [Int: ControlGroup.Headroom] = [:]
  /// nil: no limit.
  public var fileSizeLimit: Int?
  /// What may still be locked; nil: no limit, or CAP_IPC_LOCK.
  public var lockable: Int?

  public init() {}

  public static func current() -> MachineFacts {
    var facts = MachineFacts()
    let memory = MemoryInfo.current()
    facts.memoryTotal = memory?.totalBytes ?? 0
    facts.memoryAvailable = memory?.availableBytes ?? 0
    facts.nodes = NodeMemory.all()
    let cgroup = ControlGroup.current()
    facts.cgroupMemory = cgroup.memoryHeadroom
    facts.pools = HugePagePool.all()
    for pool in facts.pools { facts.cgroupHugePages[pool.pageSize] = cgroup.hugetlbHeadroom(pageSize: pool.pageSize) }
    facts.fileSizeLimit = ResourceLimit.of(.fileSize).soft
    facts.lockable = lockable()
    return facts
  }

  /// What this process may still lock or pin; nil: as much as there is.
  static func lockable() -> Int? {
    guard !Capability.ipcLock.isEffective, let limit = ResourceLimit.of(.lockedMemory).soft else { return nil }
    let status = ProcessStatus.current()
    return max(0, limit - (status?.lockedBytes ?? 0) - (status?.pinnedBytes ?? 0))
  }

  /// Memory that a run leaves for everybody else: the last of it costs reclaim, then the OOM killer.
  public var reserve: Int { Self.reserve(of: memoryTotal) }

  private static func reserve(of total: Int) -> Int { max(64 << 20, total / 100) }

  /// Bytes that may be had on a node without taking the last of it.
  func available(on node: NodeMemory) -> Int {
    max(0, node.availableBytes - Self.reserve(of: node.totalBytes))
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
    let have = max(0, memoryAvailable - reserve)
    return [Check(.memory, need: Self.withPageTables(bytes), have: have, path: path)]
      + cgroupChecks(bytes, pageSize: MemoryInfo.basePageSize, path: path)
  }

  private static func withPageTables(_ bytes: Int) -> Int {
    let (need, overflow) = bytes.addingReportingOverflow(bytes / 512)
    return overflow ? Int.max : need
  }

  /// What the process's control groups leave, for pages of a pool or of memory.
  func cgroupChecks(_ bytes: Int, pageSize: Int, path: String? = nil) -> [Check] {
    if bytes == 0 { return [] }
    if pageSize > MemoryInfo.basePageSize {
      guard let group = cgroupHugePages[pageSize] else { return [] }
      return [Check(.cgroupHugePages(size: pageSize, path: group.path), need: bytes, have: group.bytes, path: path)]
    }
    guard let group = cgroupMemory else { return [] }
    let need = Self.withPageTables(bytes)
    return [Check(.cgroupMemory(path: group.path), need: need, have: group.bytes, path: path)]
  }

  /// Memory bound to one node, of base pages or of a pool's.
  func nodeChecks(
    _ bytes: Int, on node: Int, pageSize: Int, path: String? = nil, mayOwnPromises: Bool = false
  ) -> [Check] {
    if bytes == 0 { return [] }
    guard pageSize > MemoryInfo.basePageSize else {
      // without /sys nothing is known of any node: the kernel is to say it
      if nodes.isEmpty { return [] }
      let have = nodes.first { $0.number == node }.map { available(on: $0) } ?? 0
      return [Check(.nodeMemory(node: node), need: Self.withPageTables(bytes), have: have, path: path)]
    }
    guard let pool = pools.first(where: { $0.pageSize == pageSize }) else { return [] }
    let part = pool.nodes.first { $0.number == node } ?? HugePagePool.Node(number: node, total: 0, free: 0)
    let own = mayOwnPromises ? min(pool.free, pool.reserved) : 0
    let what = Check.What.nodeHugePages(size: pageSize, node: node, total: part.total)
    return [Check(what, need: bytes, have: pool.available(on: part, own: own) * pageSize, path: path)]
  }

  /// Pages of a pool. A file that was mapped before holds promises for its missing pages, `mayOwnPromises`: whether
  /// those of the pool are its own is found out by mapping it.
  func hugePageChecks(
    _ bytes: Int, pageSize: Int, path: String? = nil, mayOwnPromises: Bool = false
  ) -> [Check] {
    guard bytes > 0, let pool = pools.first(where: { $0.pageSize == pageSize }) else { return [] }
    let pages = pool.available + (mayOwnPromises ? min(pool.free, pool.reserved) : 0)
    let have = pages.multipliedReportingOverflow(by: pageSize)
    let check = Check(
      .hugePages(size: pageSize, total: pool.total), need: bytes, have: have.overflow ? .max : have.partialValue,
      path: path)
    return [check] + cgroupChecks(bytes, pageSize: pageSize, path: path)
  }

  func lockChecks(_ bytes: Int) -> [Check] {
    guard let lockable else { return [] }
    return [Check(.lockLimit, need: bytes, have: lockable)]
  }

  func fileSizeChecks(_ size: Int, path: String) -> [Check] {
    guard let fileSizeLimit else { return [] }
    return [Check(.fileSizeLimit, need: size, have: fileSizeLimit, path: path)]
  }
}
