internal import LinuxSystem

/// What each node still has of pages of one size, in bytes, while regions are handed to nodes one after the other.
public struct NodeStock: Sendable, Equatable {
  /// By the size of the page; the base page's is the node's memory. Nothing for a size of which the kernel does not tell.
  private var bytes: [Int: [Int: Int]]

  public init(_ bytes: [Int: [Int: Int]]) { self.bytes = bytes }

  public init(_ facts: MachineFacts) {
    bytes = [:]
    if let nodes = facts.nodes.known {
      let memory = nodes.map { ($0.number, Self.withoutPageTables(MachineFacts.available(on: $0))) }
      bytes[MemoryInfo.basePageSize] = Dictionary(memory) { $1 }
    }
    for pool in facts.pools.known ?? [] {
      let pages = pool.nodes.map { ($0.number, Self.pages(of: pool, on: $0, facts)) }
      bytes[pool.pageSize] = Dictionary(pages) { $1 }
    }
  }

  /// Those that are there, and surplus ones as far as the node has memory for them.
  private static func pages(of pool: HugePagePool, on node: HugePagePool.Node, _ facts: MachineFacts) -> Int {
    let supply = pool.supply(on: node)
    guard let nodes = facts.nodes.known, !nodes.isEmpty else { return pool.bytes(supply.available) }
    return pool.bytes(supply.ready) +| min(pool.bytes(supply.surplus), nodes.available(on: node.number))
  }

  /// What a node that has so many bytes can be asked for: pages need page tables, and what is there changes a little from
  /// this look to the check's.
  private static func withoutPageTables(_ bytes: Int) -> Int { max(0, bytes / 513 * 512 - 16 << 20) }

  /// In bytes; nil: not known.
  func left(on node: Int, pageSize: Int) -> Int? {
    guard let nodes = bytes[pageSize] else { return nil }
    // a node that is not listed has none
    return nodes[node] ?? 0
  }

  mutating func take(_ amount: Int, from node: Int, pageSize: Int) {
    guard let left = left(on: node, pageSize: pageSize) else { return }
    bytes[pageSize]?[node] = max(0, left - amount)
  }
}

/// How a region is shared out among nodes: arithmetic that a table tests.
enum NodeShares {
  /// Equal shares, for a machine that is used alike on all its nodes and a layout that is the same the next time; but
  /// none larger than what its node has while others have more, so that a request does not fail that the nodes can
  /// meet together. What all of them lack is missing from each alike.
  static func split(_ units: Int, having stock: [Int]) -> [Int] {
    var shares = [Int](repeating: 0, count: stock.count)
    var left = units
    // the poorest first: what it cannot take the others share
    let order = stock.indices.sorted { (stock[$0], $0) < (stock[$1], $1) }
    for (done, index) in order.enumerated() {
      shares[index] = min(max(0, stock[index]), left / (order.count - done))
      left -= shares[index]
    }
    for index in shares.indices { shares[index] += left / shares.count + (index < left % shares.count ? 1 : 0) }
    return shares
  }

  /// Cuts a region of `length` bytes into a part for each share, in their order: a share counts units of `alignment`
  /// bytes of what is missing. Parts end at multiples of `alignment`, and the last one at the end.
  static func cut(_ length: Int, missing: Extents, alignment: Int, _ shares: [Int]) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var (start, bytes) = (0, 0)
    var walk = ExtentsWalk(missing)
    for (index, share) in shares.enumerated() {
      bytes +|= share *| alignment
      let isLast = index == shares.count - 1
      let end = isLast ? length : max(start, boundary(walk.position(after: bytes) ?? length, alignment, within: length))
      parts.append(start..<end)
      start = end
    }
    return parts
  }

  private static func boundary(_ position: Int, _ alignment: Int, within length: Int) -> Int {
    min(length, position.pieces(of: alignment) *| alignment)
  }
}

/// Goes through extents once, however often it is asked.
private struct ExtentsWalk {
  private let ranges: [Range<Int>]
  private var index = 0
  /// Bytes of the ranges before.
  private var passed = 0

  init(_ extents: Extents) { ranges = extents.ranges }

  /// Where so many bytes of the extents lie before, never fewer than the last time; nil where there are not so many.
  mutating func position(after bytes: Int) -> Int? {
    if bytes == 0 { return 0 }
    while index < ranges.count, ranges[index].count < bytes - passed {
      passed += ranges[index].count
      index += 1
    }
    return index < ranges.count ? ranges[index].lowerBound + (bytes - passed) : nil
  }
}
