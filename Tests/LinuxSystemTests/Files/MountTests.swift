import TestSupport
import Testing

@testable import LinuxSystem

@Suite("Mounted file systems")
struct MountTests {
  @Test("are found by their device, with what they were made with, and lines that say something else are none")
  func table() throws {
    let tree = try FileTree([
      "/proc/self/mountinfo": """
      22 1 0:42 / /mnt/a\\040b rw,relatime shared:9 - hugetlbfs none rw,pagesize=2M,size=33554432,min_size=16777216
      nonsense
      23 1 259:1048577 / /\\134 rw - ext4 /dev/x rw
      24 1 0:42 /c /mnt/c rw -
      25 1 0:44 / /mnt/d rw shared:1 - hugetlbfs  rw,min_size=16777216
      25 1 0:42 /c /mnt/c rw shared:1 master:2 - hugetlbfs none rw,pagesize=2M
      """
    ])
    let mounts = try FileSystemMount.all(tree.files)
    #expect(mounts.map(\.path) == ["/mnt/a b", "/\\", "/mnt/d", "/mnt/c"])
    // mounted of an empty source
    #expect(mounts[2].kind == "hugetlbfs" && mounts[2].value(of: "min_size") == "16777216")
    let pool = try #require(try FileSystemMount.of(device: 0x2a, tree.files))
    #expect(pool == mounts[0] && pool.kind == "hugetlbfs")
    #expect(pool.value(of: "size") == "33554432" && pool.value(of: "min_size") == "16777216")
    #expect(pool.value(of: "mode") == nil)
    #expect(try FileSystemMount.of(device: 0x2b, tree.files) == nil)
  }

  @Test("that are not told of are not none")
  func untold() throws {
    let tree = try FileTree(["/proc/self/status": ""])
    #expect(throws: Unreadable("/proc/self/mountinfo", .noEntry)) { try FileSystemMount.of(device: 1, tree.files) }
    #expect(canonicalDirectory(of: "/proc/self/fd/none") != nil)
    #expect(canonicalDirectory(of: "/none/none") == nil)
  }
}

@Suite("What the kernel may still promise")
struct CommitLimitTests {
  private static func tree(_ mode: String) throws -> FileTree {
    try FileTree([
      "/proc/self/status": "", "/proc/sys/vm/overcommit_memory": mode,
      "/proc/meminfo": "CommitLimit: 1000 kB\nCommitted_AS: 400 kB\nSwapTotal: 300 kB\n",
      "/proc/sys/vm/admin_reserve_kbytes": "8\n", "/proc/sys/vm/user_reserve_kbytes": "16\n",
    ])
  }

  @Test(
    "is bounded only where it promises no more than there is",
    arguments: [("0\n", false), ("1\n", false), ("2\n", true)])
  func mode(mode: String, isBounded: Bool) throws {
    let tree = try Self.tree(mode)
    #expect(try (CommitLimit.current(tree.files) != nil) == isBounded)
  }

  @Test("is the limit without what is promised already, and without what is kept for a repair")
  func left() throws {
    let tree = try Self.tree("2\n")
    let limit = try #require(try CommitLimit.current(tree.files))
    #expect(limit.memoryBytes == 700 << 10)
    #expect(limit.left(for: 100 << 30) == (584 << 10) - limit.adminReserve)
  }
}
