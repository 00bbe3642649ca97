internal import CNuma
internal import CProgram
public import LinuxSystem

/// Why a description of nodes means none here.
public enum NodeSetError: Error, Equatable, Sendable {
  /// The kernel has no NUMA support, or a container keeps its calls from this process.
  case noNUMA
  /// What there is against it; nil: nobody says.
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

  /// The node near a device, a file's disk or an address, which libnuma looks for (numa_parse_nodestring(3)); why it finds none
  /// is what it would have written to standard error.
  private static func near(_ word: Substring) throws(NodeSetError) -> NodeSet {
    if word.hasPrefix("pci:") { throw .unknown("there is no PCI device \(word.dropFirst(4))") }
    _ = libnumaWords()
    guard numa_available() >= 0, let mask = unsafe numa_parse_nodestring(String(word)) else {
      throw .unknown(libnumaWords())
    }
    defer { unsafe numa_bitmask_free(mask) }
    return unsafe NodeSet(mask)
  }

  private static func libnumaWords() -> String? {
    unsafe cprogram_libnuma_words().map { unsafe String(cString: $0) }
  }

  private init(_ mask: UnsafeMutablePointer<bitmask>) {
    let size = unsafe UInt32(mask.pointee.size)
    self.init((0..<size).filter { unsafe numa_bitmask_isbitset(mask, $0) != 0 }.map(Int.init))
  }
}
