import LinuxSystem

extension TopologyReport {
  /// What a node has left, and how far it is to the others.
  struct NodeState: Encodable {
    var node: Int
    /// What could be had there without swapping, in bytes; left out where the kernel does not tell.
    var availableBytes: Int?
    /// To each node, by its number: 10 is local, 20 takes twice as long.
    var distances: [String: Int]

    enum CodingKeys: String, CodingKey {
      case node, distances
      case availableBytes = "available_bytes"
    }
  }

  /// A node's part of a pool, in pages.
  struct NodePool: Encodable {
    var node: Int
    var total: Int
    var free: Int
  }

  /// A place where hugetlbfs is mounted.
  struct Mount: Encodable {
    var path: String
    var pageSize: String

    enum CodingKeys: String, CodingKey {
      case path
      case pageSize = "page_size"
    }
  }

  /// The distances as `numactl -H` shows them; nothing of a single node.
  static func distanceLines(_ nodes: [NodeState]) -> [String] {
    let numbers = nodes.map(\.node)
    if numbers.count < 2 { return [] }
    let rows = nodes.map { state in
      ["\(state.node):"] + numbers.map { "\(state.distances["\($0)"] ?? 0)" }
    }
    return ["node distances:"] + Table.aligned([["node"] + numbers.map(String.init)] + rows)
  }

  /// "pool 2M on node 0: 8 pages, 3 free".
  func partLines(of pool: Pool) -> [String] {
    pool.nodes.map { "  on node \($0.node): \($0.total) pages, \($0.free) free" }
  }

  /// ", 20 GiB of it available"
  func availableText(on node: Int) -> String {
    let bytes = nodes.first { $0.node == node }?.availableBytes
    return bytes.map { ", \(ByteSize.text($0)) of it available" } ?? ""
  }
}
