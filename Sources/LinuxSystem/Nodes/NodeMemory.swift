/// One node's memory, in bytes, as /sys/devices/system/node/nodeN/meminfo tells it.
public struct NodeMemory: Sendable, Equatable {
  public let number: Int
  public let totalBytes: Int
  /// What could be had there without swapping: free memory, and page cache and slabs that can be given up. An estimate
  /// like the machine's MemAvailable, which the kernel does not make for a node.
  public let availableBytes: Int
  /// What nobody uses at all; nil: not known.
  public let freeBytes: Int?

  public init(number: Int, totalBytes: Int, availableBytes: Int, freeBytes: Int? = nil) {
    self.number = number
    self.totalBytes = totalBytes
    self.availableBytes = availableBytes
    self.freeBytes = freeBytes
  }
}

extension NodeMemory {
  /// Of a node of CPUs alone.
  public static func none(on node: Int) -> NodeMemory {
    NodeMemory(number: node, totalBytes: 0, availableBytes: 0, freeBytes: 0)
  }

  private static let directory = "/sys/devices/system/node"

  /// The nodes that have memory, in ascending order; none where the kernel knows no nodes. Memory plugged in while the
  /// machine runs may be missing from a node's own count: one node alone has all that the machine has.
  public static func all(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> [NodeMemory] {
    guard let numbers = try Topology.nodeNumbers(files) else { return [] }
    var nodes: [NodeMemory] = []
    for number in numbers {
      if let node = try of(number, files) { nodes.append(node) }
    }
    guard nodes.count == 1 else { return nodes }
    let all = try MemoryInfo.current(files)
    return [
      NodeMemory(
        number: nodes[0].number, totalBytes: all.totalBytes, availableBytes: all.availableBytes,
        freeBytes: all.freeBytes)
    ]
  }

  /// A node's own count; nil where the kernel does not tell.
  static func totalBytes(of number: Int, _ files: SystemFiles) -> Int? {
    guard let fields = try? fields(of: number, files) else { return nil }
    return fields["MemTotal"]
  }

  /// nil: the node has gone.
  private static func fields(of number: Int, _ files: SystemFiles) throws(Unreadable) -> KilobyteFields? {
    let path = "\(directory)/node\(number)/meminfo"
    guard let text = try files.read(path) else { return nil }
    return KilobyteFields(text, path, prefix: "Node \(number) ")
  }

  /// nil: a node without memory, or one that has gone.
  private static func of(_ number: Int, _ files: SystemFiles) throws(Unreadable) -> NodeMemory? {
    guard let fields = try fields(of: number, files) else { return nil }
    let total = try fields.demand("MemTotal")
    if total == 0 { return nil }
    let free = try fields.demand("MemFree")
    return NodeMemory(
      number: number, totalBytes: total, availableBytes: free +| droppable(fields, lowMark: lowMark(files)),
      freeBytes: free)
  }

  /// What the kernel gives up before it swaps: clean file cache, and of slabs the half that is not in use by its own
  /// rule of thumb; but for the low watermark, as in its estimate for the machine. A line that is missing counts nothing.
  private static func droppable(_ fields: KilobyteFields, lowMark: Int) -> Int {
    func bytes(_ name: String) -> Int { fields[name] ?? 0 }
    let cache = max(0, bytes("Active(file)") +| bytes("Inactive(file)") -| bytes("Dirty") -| bytes("Writeback"))
    return cache - min(cache / 2, lowMark) +| bytes("SReclaimable") / 2
  }

  /// At least what a node's low watermark is: five quarters of what the kernel keeps free on all nodes together. Where
  /// that is not told, half of the cache is left out, as much as the kernel ever does.
  private static func lowMark(_ files: SystemFiles) -> Int {
    guard let kept = try? files.demandNumber("/proc/sys/vm/min_free_kbytes") else { return .max }
    return max(0, kept) *| 1024 / 4 *| 5
  }
}
