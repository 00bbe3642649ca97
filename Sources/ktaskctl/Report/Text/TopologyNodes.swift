import LinuxSystem

/// Nodes, in the words and the order of `numactl -H`.
extension TopologyReport {
  /// What a node has left, how fast it is, and how far it is to the others.
  struct NodeState: Encodable {
    var node: Int
    /// What could be had there without swapping, in bytes; left out where the kernel does not tell.
    var availableBytes: Int?
    /// What nobody uses at all.
    var freeBytes: Int?
    /// To each node, by its number: 10 is local, 20 takes twice as long.
    var distances: [String: Int]
    /// Left out where firmware says nothing of it.
    var access: Access?

    enum CodingKeys: String, CodingKey {
      case node, distances, access
      case availableBytes = "available_bytes"
      case freeBytes = "free_bytes"
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

  var nodeRows: [Row] {
    guard let known = host.nodes else { return [Row("nodes", "unknown")] }
    let rows = known.flatMap { node in
      let state = nodes?.first { $0.node == node.node }
      return Self.rows(of: node, state) + partRows(of: node.node) + (state?.access?.rows(of: node.node) ?? [])
    }
    let numbers = NodeSet(known.map(\.node))
    return [Row("nodes", "\(known.count) (\(numbers))")] + rows + Self.distanceLines(nodes ?? []).map { Row($0) }
  }

  private static func rows(of node: Document.Node, _ state: NodeState?) -> [Row] {
    let name = "node \(node.node)"
    return [
      Row(name + " cpus", node.cpus.isEmpty ? "none" : node.cpus),
      Row(name + " size", amount(node.memoryBytes)),
      Row(name + " free", amount(state?.freeBytes) + ", available " + amount(state?.availableBytes)),
    ]
  }

  private func partRows(of node: Int) -> [Row] {
    (pools ?? []).flatMap { pool in
      pool.nodes.filter { $0.node == node }.map {
        Row("node \(node) \(pool.pageSize) pages", "\($0.total), \($0.free) free")
      }
    }
  }

  /// The distances as a table; nothing of a single node.
  static func distanceLines(_ nodes: [NodeState]) -> [String] {
    let numbers = nodes.map(\.node)
    if numbers.count < 2 { return [] }
    let rows = nodes.map { state in
      ["\(state.node):"] + numbers.map { "\(state.distances["\($0)"] ?? 0)" }
    }
    return ["node distances:"] + Table.aligned([["node"] + numbers.map(String.init)] + rows)
  }
}

extension TopologyReport.NodeState {
  /// How fast a node's memory is, as firmware says.
  struct Access: Encodable {
    /// For the CPUs, or devices, of these nodes: "0-1".
    var fromNodes: String
    var readBytesPerSecond: Int?
    var readLatencySeconds: Double?
    var writeBytesPerSecond: Int?
    var writeLatencySeconds: Double?

    enum CodingKeys: String, CodingKey {
      case fromNodes = "from_nodes"
      case readBytesPerSecond = "read_bytes_per_second"
      case readLatencySeconds = "read_latency_seconds"
      case writeBytesPerSecond = "write_bytes_per_second"
      case writeLatencySeconds = "write_latency_seconds"
    }

    init(_ access: NodeAccess) {
      fromNodes = "\(access.initiators)"
      readBytesPerSecond = access.read.bandwidth.map { $0 *| 1_000_000 }
      readLatencySeconds = access.read.latency.map { Double($0) / 1e9 }
      writeBytesPerSecond = access.write.bandwidth.map { $0 *| 1_000_000 }
      writeLatencySeconds = access.write.latency.map { Double($0) / 1e9 }
    }

    /// In the units of the kernel's files.
    func rows(of node: Int) -> [TopologyReport.Row] {
      [("read", readBytesPerSecond, readLatencySeconds), ("write", writeBytesPerSecond, writeLatencySeconds)]
        .compactMap { direction, rate, latency in
          let words = [rate.map { "\($0 / 1_000_000) MB/s" }, latency.map { "\(($0 * 1e9).fixed(0)) ns" }]
            .compactMap(\.self)
          if words.isEmpty { return nil }
          let from = fromNodes.isEmpty ? "" : " from node \(fromNodes)"
          return TopologyReport.Row("node \(node) \(direction)", words.joined(separator: ", ") + from)
        }
    }
  }
}
