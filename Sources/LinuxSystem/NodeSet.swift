internal import CLinux
internal import CNuma

/// Some NUMA nodes, by their numbers.
public struct NodeSet: Hashable, Sendable, CustomStringConvertible {
  /// Ascending, each once.
  public let numbers: [Int]

  public init(_ numbers: some Sequence<Int>) { self.numbers = Set(numbers).sorted() }

  public func contains(_ node: Int) -> Bool { numbers.contains(node) }

  /// In the kernel's list format, such as `0-3,5`.
  public var description: String { CPUSet(numbers).description }

  /// One bit for each node, the lowest first.
  var words: [UInt64] {
    var words = [UInt64](repeating: 0, count: (numbers.last ?? 0) / 64 + 1)
    for number in numbers { words[number / 64] |= 1 << UInt64(number % 64) }
    return words
  }
}

/// Why a description of nodes means none here.
public enum NodeSetError: Error, Equatable, Sendable {
  /// The kernel has no NUMA support, or a container keeps its calls from this process.
  case noNUMA
  /// What there is against it, mostly in libnuma's words; nil where it does not say.
  case unknown(String?)
  /// All nodes but those that there are.
  case empty
}

/// What libnuma tells.
extension NodeSet {
  /// The nodes that numactl's words name (numa_parse_nodestring(3)): `0-3,5`, `!2`, `+0`, `all`, `pci:0000:3b:00`. They
  /// count among the nodes that this process may have memory of.
  public static func named(_ words: String) throws(NodeSetError) -> NodeSet {
    guard numa_available() >= 0 else { throw .noNUMA }
    let words = try PCINode.numbered(words, among: allowed())
    clinux_numa_quiet_begin()
    let mask = unsafe numa_parse_nodestring(words)
    let warning = unsafe clinux_numa_quiet_end().map { unsafe String(cString: $0) }
    guard let mask = unsafe mask else { throw .unknown(warning) }
    defer { unsafe numa_bitmask_free(mask) }
    let set = unsafe NodeSet(mask)
    if set.numbers.isEmpty { throw .empty }
    return set
  }

  /// The nodes that this process may have memory of (numa_all_nodes_ptr); nil without NUMA support.
  public static func allowed() -> NodeSet? {
    guard numa_available() >= 0, let mask = unsafe numa_get_mems_allowed() else { return nil }
    defer { unsafe numa_bitmask_free(mask) }
    return unsafe NodeSet(mask)
  }

  private init(_ mask: UnsafeMutablePointer<bitmask>) {
    let size = unsafe UInt32(mask.pointee.size)
    numbers = (0..<size).filter { unsafe numa_bitmask_isbitset(mask, $0) != 0 }.map(Int.init)
  }
}
