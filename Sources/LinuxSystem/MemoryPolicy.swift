public import CLinux

/// Which nodes the kernel takes pages from (set_mempolicy(2)).
public enum MemoryPolicy: Sendable {
  /// From these nodes only.
  case bind
  /// From one after the other.
  case interleave
  /// From the lowest of them; where that has none left, from any.
  case preferred
  /// Where the thread's policy says.
  case standard

  fileprivate var number: clinux_policy {
    switch self {
    case .bind: CLINUX_POLICY_BIND
    case .interleave: CLINUX_POLICY_INTERLEAVE
    case .preferred: CLINUX_POLICY_PREFERRED
    case .standard: CLINUX_POLICY_DEFAULT
    }
  }
}

extension Memory {
  /// Says where the pages of the range come from that are made from now on (mbind(2)); pages that are there stay where
  /// they are. EINVAL: a node has no memory; EPERM, ENOSYS: a container keeps the call from this process.
  public static func setPolicy(
    _ address: UInt, _ length: Int, _ policy: MemoryPolicy, _ nodes: NodeSet = NodeSet([])
  ) throws(Errno) {
    let words = nodes.numbers.isEmpty ? [] : nodes.words
    try Errno.check(unsafe clinux_bind(address, length, policy.number, words, words.count))
  }
}

extension Memory {
  /// Adds the node of every page in the range, all of which must be present, to `counts`, one of `NodeCounts`' regions
  /// (move_pages(2), get_mempolicy(2)).
  @inlinable
  public static func countNodes(
    _ address: UInt, _ length: Int, pageSize: Int, into counts: UnsafeMutablePointer<clinux_node_counts>
  ) throws(Errno) {
    try unsafe Errno.check(clinux_count_nodes(address, length, pageSize, counts))
  }
}

/// On which nodes the pages of some regions lie, as the kernel tells of each page. Chunks add to it, on any thread.
@safe
public final class NodeCounts: @unchecked Sendable {
  // @unchecked: the counts are added to atomically, and read after the join.
  public let regions: UnsafeMutablePointer<clinux_node_counts>
  private let count: Int

  /// `allowed`: for each region the nodes that its pages may lie on, nil for any.
  public init(allowed: [NodeSet?]) {
    count = allowed.count
    unsafe regions = .allocate(capacity: max(1, count))
    for (index, nodes) in allowed.enumerated() {
      let words = nodes?.words ?? []
      unsafe clinux_node_counts_begin(regions + index, words, words.count)
    }
  }

  deinit { unsafe regions.deallocate() }

  /// Pages on each node that has any of a region's.
  public func pagesByNode(_ region: Int) -> [Int: Int] {
    var pages: [Int: Int] = [:]
    for node in 0..<CLINUX_NODES {
      let count = unsafe clinux_node_pages(regions + region, node)
      if count > 0 { pages[Int(node)] = Int(count) }
    }
    return pages
  }

  /// The lowest address of a page that lies on a node that its region does not allow.
  public func firstWrong(_ region: Int) -> UInt? {
    let address = unsafe regions[region].first_wrong
    return address == .max ? nil : address
  }
}
