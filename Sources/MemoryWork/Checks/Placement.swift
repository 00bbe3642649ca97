public import LinuxSystem

/// Where memory is to lie: on which nodes, and how strictly.
public struct Placement: Hashable, Sendable {
  public enum Policy: String, Sendable, CaseIterable {
    /// On these nodes and nowhere else: a page on another one is a failure.
    case bind
    /// One page after the other on the next of these nodes.
    case interleave
    /// Each node's part there as long as it has pages, then on the nearest nodes that do, whether they are among these
    /// or not.
    case preferred
  }
  public var nodes: NodeSet
  public var policy: Policy

  public init(_ nodes: NodeSet, _ policy: Policy = .bind) {
    self.nodes = nodes
    self.policy = policy
  }

  /// Tells the kernel where the pages of a mapping come from, before the first touch (mbind(2)). Bound and preferred
  /// memory is told part by part, so that the node that a part's threads run on is the node that its memory is on.
  func apply(to parts: [Span], at address: UInt, length: Int) throws(Errno) {
    if policy == .interleave { return try Memory.setPolicy(address, length, .interleave, nodes) }
    for part in parts {
      guard let node = part.node else { continue }
      try Memory.setPolicy(
        address + UInt(part.range.lowerBound), part.range.count, policy == .bind ? .bind : .preferred, NodeSet([node]))
    }
  }
}

extension Placement {
  /// The parts of a region and their nodes; what they need is taken from the stock. Where nothing is missing the
  /// parts are equal.
  func parts(
    of region: Int, length: Int, missing: Extents, pageSize: Int, alignment: Int, _ stock: inout NodeStock
  ) -> [Span] {
    let wanted = missing.bytes == 0 ? Extents([0..<length]) : missing
    let units = wanted.bytes.pieces(of: alignment)
    let isBound = policy == .bind && missing.bytes > 0
    // what a node has that the kernel says nothing of, it is to say itself
    let having = nodes.numbers.map { node in
      isBound ? stock.left(on: node, pageSize: pageSize).map { $0 / alignment } ?? units : units
    }
    let shares = NodeShares.split(units, having: having)
    var parts: [Span] = []
    for (node, range) in zip(nodes.numbers, NodeShares.cut(length, missing: wanted, alignment: alignment, shares))
    where !range.isEmpty {
      parts.append(Span(region: region, range: range, node: node))
      stock.take(missing.clamped(to: range).bytes, from: node, pageSize: pageSize)
    }
    return parts
  }
}
