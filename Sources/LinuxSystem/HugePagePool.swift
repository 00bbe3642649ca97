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
  /// Free pages promised to a mapping (`resv_hugepages`).
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

  /// How many pages can still be had: free and not promised, and surplus ones if the memory for them is found.
  public var available: Int { max(0, free - reserved) + max(0, overcommitLimit - surplus) }

  /// How many pages can still be had on a node. Promises are made for the whole pool, not for a node: they count
  /// against each, but for the `own` ones.
  public func available(on node: Node, own: Int = 0) -> Int {
    min(node.free + max(0, overcommitLimit - surplus), available + own)
  }
}

extension HugePagePool {
  private static let directory = "/sys/kernel/mm/hugepages"

  /// The pools of all sizes that the kernel has, smallest pages first.
  public static func all(_ files: SystemFiles = SystemFiles()) -> [HugePagePool] {
    files.entries(of: directory).compactMap(pageSize).sorted().compactMap { of(pageSize: $0, files) }
  }

  /// The pool of pages of `pageSize` bytes; nil if the kernel has no such pages.
  public static func of(pageSize: Int, _ files: SystemFiles = SystemFiles()) -> HugePagePool? {
    let pool = settings(pageSize)
    guard let total = files.integer(pool + "/nr_hugepages") else { return nil }
    func pages(_ file: String) -> Int { files.integer("\(pool)/\(file)") ?? 0 }
    return HugePagePool(
      pageSize: pageSize, total: total, free: pages("free_hugepages"), reserved: pages("resv_hugepages"),
      surplus: pages("surplus_hugepages"), overcommitLimit: pages("nr_overcommit_hugepages"),
      nodes: nodes(pageSize, files))
  }

  private static func nodes(_ pageSize: Int, _ files: SystemFiles) -> [Node] {
    let nodes = "/sys/devices/system/node"
    let numbers = files.entries(of: nodes).compactMap { $0.number(after: "node") }.sorted()
    return numbers.compactMap { number in
      let pool = settings(pageSize, node: number)
      guard let total = files.integer(pool + "/nr_hugepages"),
        let free = files.integer(pool + "/free_hugepages")
      else { return nil }
      return Node(
        number: number, total: total, free: free, surplus: files.integer(pool + "/surplus_hugepages") ?? 0)
    }
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
    return name.dropLast(2).number(after: "hugepages-").map { $0 << 10 }
  }
}
