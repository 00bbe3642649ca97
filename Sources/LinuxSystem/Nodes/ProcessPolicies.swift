internal import CLinux

/// Where another process's pages come from, whoever touches them first (proc(5), numa_maps): a mapping's own policy, else its
/// threads'; where that names no nodes, those that its cpuset leaves it.
///
/// A policy of a mapping on hugetlbfs is that mapping's alone: who makes such pages from outside has to follow it.
public struct ProcessPolicies: Sendable, Equatable {
  /// What pages come from in place of the nearest node.
  public struct Policy: Sendable, Hashable {
    public let policy: MemoryPolicy
    public let nodes: NodeSet

    public init(_ policy: MemoryPolicy, _ nodes: NodeSet) { (self.policy, self.nodes) = (policy, nodes) }

    /// Whether who may have memory of these nodes only can follow it: the kernel takes its own nodes for what is left with none.
    public func canBeFollowed(within ours: NodeSet) -> Bool {
      policy == .interleave ? nodes.isSubset(of: ours) : nodes.intersects(ours)
    }
  }
  private var byStart: [UInt64: Policy] = [:]
  /// Of what has no mapping.
  private var standard: Policy?
  /// Of what has no policy of its own.
  private let other: Policy?

  /// What `numaMaps` says, and the cpuset's nodes where this process may use others.
  public init(numaMaps: String, cpuset: NodeSet? = nil) {
    self.init(cpuset)
    for line in numaMaps.split(at: UInt8(ascii: "\n")) { add(line) }
  }

  private init(_ cpuset: NodeSet?) {
    other = cpuset.map { Policy(.bind, $0) }
    standard = other
  }

  /// What a line of numa_maps says. In the names of files there is no space.
  private mutating func add(_ line: Substring) {
    let words = line.split(at: UInt8(ascii: " "))
    guard words.count > 1, let start = UInt64(words[0], radix: 16) else { return }
    let policy = Policy(words: line[words[1].startIndex...]) ?? other
    byStart[start] = policy
    if words.contains("stack") { standard = policy }
  }

  /// Asked of the kernel, which goes through all page tables for it, where there is more than one node to choose from; a kernel
  /// without NUMA has nothing to tell. Throws where it has, and this process may not read it.
  public init(of process: borrowing RunningProcess, _ files: SystemFiles = SystemFiles()) throws(Unreadable) {
    let theirs = try Self.cpuset(of: process.folder, files)
    let ours = try Self.cpuset(of: "/proc/self", files)
    let isOneNode = theirs.map { $0 == ours && $0.numbers.count == 1 } ?? false
    self.init(Self.narrower(theirs, than: ours))
    // a process may have very many
    if !isOneNode { _ = try files.forEachLine("\(process.folder)/numa_maps") { add($0) } }
  }

  /// The nodes that a process's cpuset leaves it; nil: the kernel has no cpusets.
  private static func cpuset(of folder: String, _ files: SystemFiles) throws(Unreadable) -> NodeSet? {
    let path = "\(folder)/status"
    let line = try files.read(path)?.split(separator: "\n").first { $0.hasPrefix("Mems_allowed_list:") }
    guard let words = line?.split(separator: "\t"), words.count == 2 else { return nil }
    guard let nodes = CPUSet(list: String(words[1])), !nodes.isEmpty else { throw Unreadable(path, .isUnclear) }
    return NodeSet(nodes)
  }

  /// What has to be followed: where they may use all that we may, what we make lies where theirs would. All of it, also what we may
  /// not use: the kernel leaves that out, and refuses what is left with nothing.
  private static func narrower(_ theirs: NodeSet?, than ours: NodeSet?) -> NodeSet? {
    guard let theirs, let ours, ours.isSubset(of: theirs) else { return theirs }
    return nil
  }

  /// Of the mapping that starts there; nil: of what is not mapped. No policy: the node that is nearest to who touches.
  public func at(_ start: UInt64?) -> Policy? {
    guard let start else { return standard }
    return byStart[start]
  }
}

extension ProcessPolicies.Policy {
  private static let names: [(String, MemoryPolicy)] = [
    ("bind", .bind), ("prefer (many)", .preferred), ("prefer", .preferred), ("interleave", .interleave),
    ("weighted interleave", .interleave),
  ]

  /// `bind=static:0-1 file=…`; nil: the nearest node (`default`, `local`), or a policy that is not known here.
  init?(words: Substring) {
    for (name, policy) in Self.names where words.hasPrefix(name) {
      let rest = words.dropFirst(name.count).prefix { $0 != " " }
      guard rest.first == ":" || rest.first == "=", let colon = rest.firstIndex(of: ":"),
        let nodes = CPUSet(list: String(rest[rest.index(after: colon)...])), !nodes.isEmpty
      else { continue }
      self.init(policy, NodeSet(nodes))
      return
    }
    return nil
  }
}

extension Memory {
  /// Where the calling thread's pages come from, as far as no mapping says otherwise (set_mempolicy(2)). EINVAL: a node has
  /// no memory; EPERM, ENOSYS: a container keeps the call from this process.
  public static func setThreadPolicy(_ policy: MemoryPolicy, _ nodes: NodeSet) throws(Errno) {
    try Errno.check(unsafe clinux_thread_policy(policy.number, nodes.words, nodes.words.count))
  }
}
