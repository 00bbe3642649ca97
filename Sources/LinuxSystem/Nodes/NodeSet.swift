internal import CLinux

/// Some NUMA nodes, by their numbers.
public struct NodeSet: Hashable, Sendable, CustomStringConvertible {
  /// Ascending, each once.
  public let numbers: [Int]

  public init(_ numbers: some Sequence<Int>) { self.numbers = Set(numbers).sorted() }

  /// Whether a node is one of them.
  public func contains(_ node: Int) -> Bool { numbers.contains(node) }

  /// Whether all of them, or any, are among others.
  public func isSubset(of others: NodeSet) -> Bool { numbers.allSatisfy(others.contains) }
  public func intersects(_ others: NodeSet) -> Bool { numbers.contains(where: others.contains) }

  /// In the kernel's list format, such as `0-3,5`.
  public var description: String { CPUSet(numbers).description }

  /// One bit for each node, the lowest first.
  var words: [UInt64] {
    var words = [UInt64](repeating: 0, count: (numbers.last ?? 0) / 64 + 1)
    for number in numbers { words[number / 64] |= 1 << UInt64(number % 64) }
    return words
  }
}

extension NodeSet {
  /// The nodes that this process may have memory of (get_mempolicy(2), MPOL_F_MEMS_ALLOWED); nil where the kernel does not
  /// tell: it has no NUMA support, or a container keeps the call from this process.
  public static func allowed() -> NodeSet? {
    var words = [UInt64](repeating: 0, count: Int(CLINUX_NODES) / 64)
    guard unsafe clinux_allowed_nodes(&words, words.count) == 0 else { return nil }
    let nodes = NodeSet((0..<Int(CLINUX_NODES)).filter { words[$0 / 64] >> UInt64($0 % 64) & 1 == 1 })
    // every process may have memory of some: not told
    return nodes.numbers.isEmpty ? nil : nodes
  }
}
