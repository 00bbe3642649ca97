/// The kernel's pool of huge pages of one size, counted in pages (/sys/kernel/mm/hugepages).
public struct HugePagePool: Sendable, Equatable {
  /// A node's part of the pool (/sys/devices/system/node/nodeN/hugepages).
  public struct Node: Sendable, Equatable {
    public let number: Int
    public let total: Int
    public let free: Int
    public let surplus: Int

    public init(number: Int, total: Int, free: Int, surplus: Int = 0) {
      self.number = number
      self.total = total
      self.free = free
      self.surplus = surplus
    }
  }

  /// In bytes.
  public let pageSize: Int
  /// Pages in the pool, surplus ones included (`nr_hugepages`).
  public let total: Int
  /// Pages that hold nothing yet; some of them may be reserved (`free_hugepages`).
  public let free: Int
  /// Pages promised to mappings, and to mounts with a `min_size=` (`resv_hugepages`).
  public let reserved: Int
  /// Pages above the pool's own size, which leave it when given back (`surplus_hugepages`).
  public let surplus: Int
  /// How many surplus pages there may be (`nr_overcommit_hugepages`).
  public let overcommitLimit: Int
  /// The nodes that have such a pool, in ascending order.
  public let nodes: [Node]

  public init(
    pageSize: Int, total: Int, free: Int, reserved: Int, surplus: Int, overcommitLimit: Int, nodes: [Node]
  ) {
    self.pageSize = pageSize
    self.total = total
    self.free = free
    self.reserved = reserved
    self.surplus = surplus
    self.overcommitLimit = overcommitLimit
    self.nodes = nodes
  }

  /// So many of its pages in bytes, or the most that a number holds.
  public func bytes(_ pages: Int) -> Int { pages *| pageSize }
}

extension HugePagePool {
  private static let directory = "/sys/kernel/mm/hugepages"

  /// The pools of all sizes that the kernel has, smallest pages first.
  public static func all(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> [HugePagePool] {
    var pools: [HugePagePool] = []
    let sizes = try sizes(files)
    let nodes = sizes.isEmpty ? [] : try nodeNumbers(files)
    for size in sizes {
      if let pool = try of(pageSize: size, on: nodes, files) { pools.append(pool) }
    }
    return pools
  }

  /// The pool of pages of `pageSize` bytes; nil if the kernel has no such pages.
  public static func of(
    pageSize: Int, _ files: SystemFiles = SystemFiles()
  ) throws(Unreadable) -> HugePagePool? {
    try of(pageSize: pageSize, on: nil, files)
  }

  /// `numbers`: of the nodes, where they are known.
  private static func of(pageSize: Int, on numbers: [Int]?, _ files: SystemFiles) throws(Unreadable) -> HugePagePool? {
    let pool = settings(pageSize)
    if try files.names(in: pool) == nil {
      // where it has none, it tells of others
      _ = try sizes(files)
      return nil
    }
    var listed = numbers
    if listed == nil { listed = try nodeNumbers(files) }
    return HugePagePool(
      pageSize: pageSize, total: try files.demandAmount(pool + "/nr_hugepages"),
      free: try files.demandAmount(pool + "/free_hugepages"),
      reserved: try files.demandAmount(pool + "/resv_hugepages"),
      surplus: try files.demandAmount(pool + "/surplus_hugepages"),
      overcommitLimit: try files.demandAmount(pool + "/nr_overcommit_hugepages"),
      nodes: try nodes(listed ?? [], pageSize, files))
  }

  /// None where the kernel knows no nodes.
  private static func nodeNumbers(_ files: SystemFiles) throws(Unreadable) -> [Int] {
    try Topology.nodeNumbers(files) ?? []
  }

  /// Bytes of the pages that the kernel has, ascending; none where it has no huge pages. One that has them has one size at
  /// least.
  private static func sizes(_ files: SystemFiles) throws(Unreadable) -> [Int] {
    guard let names = try files.names(in: directory) else { return [] }
    let sizes = names.compactMap(pageSize).sorted()
    if sizes.isEmpty { throw Unreadable(directory, .isUnclear) }
    return sizes
  }

  private static func nodes(_ numbers: [Int], _ pageSize: Int, _ files: SystemFiles) throws(Unreadable) -> [Node] {
    var nodes: [Node] = []
    for number in numbers {
      let pool = settings(pageSize, node: number)
      // a node without memory has no pools
      if try files.names(in: pool) == nil { continue }
      nodes.append(
        Node(
          number: number, total: try files.demandAmount(pool + "/nr_hugepages"),
          free: try files.demandAmount(pool + "/free_hugepages"),
          surplus: try files.demandAmount(pool + "/surplus_hugepages")))
    }
    return nodes
  }

  /// Where the pool's settings are: the machine's, or a node's part.
  public static func settings(_ pageSize: Int, node: Int? = nil) -> String {
    guard let node else { return "\(directory)/\(name(pageSize))" }
    return "/sys/devices/system/node/node\(node)/hugepages/\(name(pageSize))"
  }

  /// The kernel's name for the pool, such as `hugepages-2048kB`; and back again.
  static func name(_ pageSize: Int) -> String { "hugepages-\(pageSize >> 10)kB" }

  private static func pageSize(_ name: String) -> Int? {
    guard name.hasSuffix("kB") else { return nil }
    let size = name.dropLast(2).number(after: "hugepages-").map { $0 *| 1024 }
    return size.flatMap { MemoryInfo.isPageSize($0) ? $0 : nil }
  }
}
