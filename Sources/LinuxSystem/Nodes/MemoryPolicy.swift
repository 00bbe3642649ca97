internal import CLinux

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

  var number: clinux_policy {
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
