public import LinuxSystem

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
