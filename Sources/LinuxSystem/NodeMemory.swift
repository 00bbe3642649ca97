/// One node's memory, in bytes, as /sys/devices/system/node/nodeN/meminfo tells it.
public struct NodeMemory: Sendable, Equatable {
  public let number: Int
  public let totalBytes: Int
  /// What could be had there without swapping: free memory, and page cache and slabs that can be given up. An estimate
  /// like the machine's MemAvailable, which the kernel does not make for a node.
  public let availableBytes: Int

  public init(number: Int, totalBytes: Int, availableBytes: Int) {
    self.number = number
    self.totalBytes = totalBytes
    self.availableBytes = availableBytes
  }
}

extension NodeMemory {
  private static let directory = "/sys/devices/system/node"

  /// The nodes that have memory, in ascending order. Memory plugged in while the machine runs may be missing from a
  /// node's own count: one node alone has all that the machine has.
  public static func all(_ files: SystemFiles = SystemFiles()) -> [NodeMemory] {
    let numbers = files.entries(of: directory).compactMap { $0.number(after: "node") }.sorted()
    let nodes = numbers.compactMap { of($0, files) }
    guard nodes.count == 1, let all = MemoryInfo.current(files) else { return nodes }
    return [NodeMemory(number: nodes[0].number, totalBytes: all.totalBytes, availableBytes: all.availableBytes)]
  }

  private static func of(_ number: Int, _ files: SystemFiles) -> NodeMemory? {
    let text = files.text("\(directory)/node\(number)/meminfo") ?? ""
    // each line starts with "Node N "
    let lines = text.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 2).last ?? "" }
    let fields = KilobyteFields(lines.joined(separator: "\n"))
    guard let total = fields["MemTotal"], total > 0, let free = fields["MemFree"] else { return nil }
    let cache = (fields["Active(file)"] ?? 0) + (fields["Inactive(file)"] ?? 0)
    // half of what can be given up is in use, by the kernel's own rule of thumb
    let slabs = (fields["SReclaimable"] ?? 0) / 2
    return NodeMemory(number: number, totalBytes: total, availableBytes: free + cache / 2 + slabs)
  }
}
