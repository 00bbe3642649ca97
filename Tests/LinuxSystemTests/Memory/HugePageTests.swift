import LinuxSystem
import TestSupport
import Testing

@Suite("Huge pages")
struct HugePageTests {
  @Test("are counted for each size and each node")
  func pools() throws {
    let pool = "/sys/kernel/mm/hugepages/hugepages-2048kB"
    let gigantic = "/sys/kernel/mm/hugepages/hugepages-1048576kB"
    let node = "/sys/devices/system/node/node"
    let tree = try FileTree([
      pool + "/nr_hugepages": "10\n", pool + "/free_hugepages": "6\n", pool + "/resv_hugepages": "2\n",
      pool + "/surplus_hugepages": "1\n", pool + "/nr_overcommit_hugepages": "4\n",
      gigantic + "/nr_hugepages": "0\n", gigantic + "/free_hugepages": "0\n", gigantic + "/resv_hugepages": "0\n",
      gigantic + "/surplus_hugepages": "0\n", gigantic + "/nr_overcommit_hugepages": "0\n",
      node + "0/hugepages/hugepages-2048kB/nr_hugepages": "7\n",
      node + "0/hugepages/hugepages-2048kB/free_hugepages": "3\n",
      node + "0/hugepages/hugepages-2048kB/surplus_hugepages": "0\n",
      node + "10/hugepages/hugepages-2048kB/nr_hugepages": "1\n",
      node + "10/hugepages/hugepages-2048kB/free_hugepages": "1\n",
      node + "10/hugepages/hugepages-2048kB/surplus_hugepages": "0\n",
      node + "2/hugepages/hugepages-2048kB/nr_hugepages": "2\n",
      node + "2/hugepages/hugepages-2048kB/free_hugepages": "2\n",
      node + "2/hugepages/hugepages-2048kB/surplus_hugepages": "0\n",
    ])
    let small = HugePagePool(
      pageSize: 2 << 20, total: 10, free: 6, reserved: 2, surplus: 1, overcommitLimit: 4,
      nodes: [
        .init(number: 0, total: 7, free: 3), .init(number: 2, total: 2, free: 2),
        .init(number: 10, total: 1, free: 1),
      ])
    let all = try HugePagePool.all(tree.files)
    #expect(all.map(\.pageSize) == [2 << 20, 1 << 30])
    #expect(all.first == small)
    #expect(small.available == 7)
    #expect(try HugePagePool.of(pageSize: 4 << 20, tree.files) == nil)
  }

  @Test("are not none where what tells of them is empty")
  func empty() throws {
    let (pools, nodes) = ("/sys/kernel/mm/hugepages", "/sys/devices/system/node")
    let noPools = try FileTree([pools + "/README": ""])
    #expect(throws: Unreadable(pools, .isUnclear)) { try HugePagePool.all(noPools.files) }
    #expect(throws: Unreadable(pools, .isUnclear)) { try HugePagePool.of(pageSize: 2 << 20, noPools.files) }
    let noNodes = try FileTree([pools + "/hugepages-2048kB/nr_hugepages": "0\n", nodes + "/possible": "0\n"])
    #expect(throws: Unreadable(nodes, .isUnclear)) { try HugePagePool.all(noNodes.files) }
    #expect(throws: Unreadable(nodes, .isUnclear)) { try HugePagePool.of(pageSize: 2 << 20, noNodes.files) }
  }

  @Test(
    "of which one counter does not tell are not known at all",
    arguments: ["nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages", "nr_overcommit_hugepages"])
  func oneCounter(name: String) throws {
    let pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/"
    let names = ["nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages", "nr_overcommit_hugepages"]
    let tree = try FileTree()
    for other in names where other != name { try tree.write(pool + other, "0\n") }
    #expect(throws: Unreadable(pool + name, .noEntry)) { try HugePagePool.of(pageSize: 2 << 20, tree.files) }
    try tree.write(pool + name, "none\n")
    #expect(throws: Unreadable(pool + name, .isUnclear)) { try HugePagePool.all(tree.files) }
  }

  @Test(
    "can be had if free, not promised, or allowed for beyond the pool",
    arguments: [
      (6, 2, 0, 0, 4), (6, 2, 1, 4, 7), (2, 6, 0, 0, 0), (6, 2, 4, 1, 4), (0, 0, 0, 3, 3),
    ])
  func available(free: Int, reserved: Int, surplus: Int, overcommit: Int, available: Int) {
    let pool = HugePagePool(
      pageSize: 2 << 20, total: 10, free: free, reserved: reserved, surplus: surplus,
      overcommitLimit: overcommit, nodes: [])
    #expect(pool.available == available)
  }
}
