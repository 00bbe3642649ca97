import Glibc
import LinuxSystem
import TestSupport
import Testing

@Suite("Nodes")
struct NodeTests {
  @Test("are listed as the kernel lists them, each once and in order")
  func list() {
    #expect("\(NodeSet([3, 0, 1, 2, 5, 0]))" == "0-3,5")
    #expect("\(NodeSet([]))" == "")
    #expect(NodeSet([70, 1]).numbers == [1, 70])
    #expect(NodeSet([70, 1]).contains(70))
    #expect(!NodeSet([70, 1]).contains(6))
  }

  @Test("tell of their memory line by line; page cache that is clean counts, but for the low watermark")
  func memory() throws {
    let directory = "/sys/devices/system/node"
    let files = try FileTree([
      "/proc/meminfo": "MemTotal: 100 kB\nMemFree: 50 kB\nMemAvailable: 70 kB\n",
      directory + "/node0/meminfo": """
      Node 0 MemTotal:       1000 kB
      Node 0 MemFree:         400 kB
      Node 0 Active(file):     60 kB
      Node 0 Inactive(file):   40 kB
      Node 0 Dirty:             7 kB
      Node 0 Writeback:         3 kB
      Node 0 SReclaimable:     20 kB
      """,
      "/proc/self/stat": "", "/proc/sys/vm/min_free_kbytes": "4\n",
      directory + "/node1/meminfo": "Node 1 MemTotal: 0 kB\nNode 1 MemFree: 0 kB\n",
      directory + "/node10/meminfo": "Node 10 MemTotal: 30 kB\nNode 10 MemFree: 20 kB\n",
      directory + "/node2/cpulist": "0-3\n", "/sys/kernel/notes": "",
    ])
    let expected = [
      NodeMemory(
        number: 0, totalBytes: 1000 << 10, availableBytes: (400 + 90 - 5 + 10) << 10, freeBytes: 400 << 10),
      NodeMemory(number: 10, totalBytes: 30 << 10, availableBytes: 20 << 10, freeBytes: 20 << 10),
    ]
    #expect(try NodeMemory.all(files.files) == expected)
    let unknown = try FileTree([
      directory + "/node0/meminfo": "Node 0 MemTotal: 9 kB\n", directory + "/node1/meminfo": "Node 1 MemTotal: 9 kB\n",
      "/sys/kernel/notes": "",
    ])
    #expect(throws: Unreadable.self) { try NodeMemory.all(unknown.files) }
  }

  @Test("have all the machine's memory where there is one")
  func oneNode() throws {
    let files = try FileTree([
      "/proc/meminfo": "MemTotal: 100 kB\nMemFree: 50 kB\nMemAvailable: 70 kB\n",
      "/sys/devices/system/node/node0/meminfo": "Node 0 MemTotal: 60 kB\nNode 0 MemFree: 20 kB\n",
    ])
    let all = NodeMemory(number: 0, totalBytes: 100 << 10, availableBytes: 70 << 10, freeBytes: 50 << 10)
    #expect(try NodeMemory.all(files.files) == [all])
    let here = try NodeMemory.all().reduce(0) { $0 + $1.totalBytes }
    let machine = try MemoryInfo.current().totalBytes
    #expect(here > 0 && here <= machine)
  }

  @Test("are as fast as firmware says, and of what it says nothing nothing is known")
  func access() throws {
    func directory(_ node: Int) -> String { "/sys/devices/system/node/node\(node)/access0" }
    let files = try FileTree([
      directory(0) + "/initiators/read_bandwidth": "10240\n", directory(0) + "/initiators/read_latency": "50\n",
      directory(0) + "/initiators/write_bandwidth": "0\n", directory(0) + "/initiators/write_latency": "60\n",
      directory(0) + "/initiators/node0/cpulist": "", directory(0) + "/initiators/node2/cpulist": "",
      directory(1) + "/initiators/read_bandwidth": "0\n", directory(1) + "/initiators/node0/cpulist": "",
      directory(2) + "/targets/node2/cpulist": "", "/sys/kernel/notes": "",
      directory(3) + "/initiators/read_latency": "much\n",
    ])
    #expect(
      try NodeAccess.of(node: 0, files.files)
        == NodeAccess(
          initiators: NodeSet([0, 2]), read: .init(bandwidth: 10240, latency: 50),
          write: .init(bandwidth: nil, latency: 60)))
    for node in [1, 2, 7] { #expect(try NodeAccess.of(node: node, files.files) == nil) }
    #expect(throws: Unreadable.self) { try NodeAccess.of(node: 3, files.files) }
  }

  @Test(
    "have no more of a pool than is free there, and than nobody was promised",
    arguments: [
      // free on the node; free, reserved, overcommit of the pool; own promises; available
      (10, 30, 0, 0, 0, 10), (10, 30, 25, 0, 0, 5), (10, 30, 25, 0, 3, 8), (10, 30, 0, 4, 0, 14), (0, 30, 0, 0, 0, 0),
    ])
  func pool(here: Int, free: Int, reserved: Int, overcommit: Int, own: Int, available: Int) {
    let node = HugePagePool.Node(number: 1, total: 20, free: here)
    let pool = HugePagePool(
      pageSize: 2 << 20, total: 40, free: free, reserved: reserved, surplus: 0, overcommitLimit: overcommit,
      nodes: [.init(number: 0, total: 20, free: free - here), node])
    #expect(pool.supply(on: node, own: own).available == available)
  }
}

extension NodeTests {
  private static let page = MemoryInfo.basePageSize

  @Test("of every page are asked of the kernel, and a page elsewhere is found")
  func count() throws {
    // more than one batch of move_pages(2), and a part of one
    let bytes = 1025 * Self.page
    let mapping = try Mapping.anonymous(bytes, alignment: Self.page)
    try Memory.setPolicy(mapping.address, bytes, .bind, NodeSet([0]))
    try Memory.populate(mapping.address, bytes)
    let counts = PageCounts(allowed: [NodeSet([0]), NodeSet([1]), nil])
    for region in 0..<3 {
      try unsafe Memory.countNodes(
        mapping.address, bytes, pageSize: Self.page, into: counts.regions[region])
      #expect(counts.pagesByNode(region) == [0: 1025])
    }
    #expect(counts.firstWrong(0) == nil)
    #expect(counts.firstWrong(1) == mapping.address)
    #expect(counts.firstWrong(2) == nil)
  }

  @Test("of pages that the page tables lack are asked one by one, which makes none")
  func countUnmapped() throws {
    let file = try FileDescriptor.memory("nodes")
    try file.resize(to: 8 * Self.page)
    let first = try Mapping.shared(file, 8 * Self.page)
    try Memory.populate(first.address, 8 * Self.page)
    let second = try Mapping.shared(file, 8 * Self.page)
    let counts = PageCounts(allowed: [nil])
    try unsafe Memory.countNodes(second.address, 8 * Self.page, pageSize: Self.page, into: counts.regions[0])
    #expect(counts.pagesByNode(0) == [0: 8])
    #expect(try file.status().allocatedBytes == 8 * Self.page)
  }

  @Test("without memory cannot be bound to")
  func absent() throws {
    let mapping = try Mapping.anonymous(Self.page, alignment: Self.page)
    #expect(throws: Errno.invalid) { try Memory.setPolicy(mapping.address, Self.page, .bind, NodeSet([900])) }
    try Memory.setPolicy(mapping.address, Self.page, .interleave, NodeSet([0]))
    try Memory.setPolicy(mapping.address, Self.page, .preferred, NodeSet([0]))
    try Memory.setPolicy(mapping.address, Self.page, .standard)
  }
}
