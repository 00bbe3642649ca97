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
  /// What there is against it; nil where only libnuma knows, which tells it to the program's numa_warn(3).
  case unknown(String?)
  /// All nodes but those that there are.
  case empty
}

extension NodeSet {
  /// The nodes that numactl's words name: `0-3,5`, `!2`, `+0`, `all`, `pci:0000:3b:00`. They count among the nodes that
  /// this process may have memory of.
  public static func named(_ words: String) throws(NodeSetError) -> NodeSet {
    guard let allowed = allowed() else { throw .noNUMA }
    let words = try PCINode.numbered(words, among: allowed)
    return try NodeWords(allowed: allowed, near: near).nodes(words)
  }

  /// The nodes that this process may have memory of (get_mempolicy(2), MPOL_F_MEMS_ALLOWED); nil where the kernel does not
  /// tell: it has no NUMA support, or a container keeps the call from this process.
  public static func allowed() -> NodeSet? {
    var words = [UInt64](repeating: 0, count: Int(CLINUX_NODES) / 64)
    guard unsafe clinux_allowed_nodes(&words, words.count) == 0 else { return nil }
    let nodes = NodeSet((0..<Int(CLINUX_NODES)).filter { words[$0 / 64] >> UInt64($0 % 64) & 1 == 1 })
    // every process may have memory of some: not told
    return nodes.numbers.isEmpty ? nil : nodes
  }

  /// The node near a device, a file's disk or an address, which libnuma looks for (numa_parse_nodestring(3)); it tells the
  /// program's numa_warn(3) why it finds none.
  private static func near(_ word: Substring) throws(NodeSetError) -> NodeSet {
    if word.hasPrefix("pci:") { throw .unknown("there is no PCI device \(word.dropFirst(4))") }
    guard numa_available() >= 0, let mask = unsafe numa_parse_nodestring(String(word)) else { throw .unknown(nil) }
    defer { unsafe numa_bitmask_free(mask) }
    return unsafe NodeSet(mask)
  }

  private init(_ mask: UnsafeMutablePointer<bitmask>) {
    let size = unsafe UInt32(mask.pointee.size)
    numbers = (0..<size).filter { unsafe numa_bitmask_isbitset(mask, $0) != 0 }.map(Int.init)
  }
}
