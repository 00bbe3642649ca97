import LinuxSystem

/// What there is to say of nodes that cannot be had.
enum NodeMessages {
  /// `why` in libnuma's words; `allowed`: nodes that this process may have memory of, where that is known.
  static func unknown(_ why: String?, _ allowed: NodeSet?) -> String {
    let allowed = allowed.map { "; this process may have memory of \(text($0))" } ?? ""
    return (why ?? "that leaves no node") + allowed
  }

  /// `node` is the first of the wrong ones, `offset` that of the first page there.
  static func wrong(_ bytes: Int, on node: Int?, asked: NodeSet, offset: Int?, wasThere: Bool) -> String {
    let place = node.map { "on node \($0)" } ?? "elsewhere"
    let start = offset.map { ", from offset \($0) on" } ?? ""
    let amount = ByteSize.text(bytes)
    if wasThere { return "has \(amount) \(place) already\(start), not on \(text(asked)), and pages are not moved" }
    return "\(amount) came to lie \(place)\(start), not on \(text(asked))"
  }

  /// For calls that something keeps from the process.
  static func allowing(_ here: Surroundings) -> String {
    here.allowing(["get_mempolicy", "mbind", "move_pages"], capability: "SYS_NICE")
  }
  static let threadPolicy = "numactl --membind=NODES in front of ktaskctl instead of --nodes, or another --method"

  static func anew(_ path: String?) -> String {
    "--policy preferred, or remove \(path?.shown ?? "it") and make it anew"
  }

  static func text(_ nodes: NodeSet) -> String {
    (nodes.numbers.count == 1 ? "node " : "nodes ") + nodes.description
  }
}
