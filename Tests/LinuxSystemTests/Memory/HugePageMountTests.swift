import TestSupport
import Testing

@testable import LinuxSystem

@Suite("Mounts of hugetlbfs")
struct HugePageMountTests {
  @Test("are found among the others, with their page sizes and their names as they are")
  func mounts() throws {
    let tree = try FileTree([
      "/proc/self/mountinfo": """
      22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
      36 22 0:42 / /dev/hugepages rw,relatime shared:15 master:2 - hugetlbfs hugetlbfs rw,pagesize=2M
      37 22 0:300 / /mnt/with\\040space rw - hugetlbfs none rw,mode=777,pagesize=1024M,size=4096M
      38 22 0:44 / /mnt/64k rw - hugetlbfs none rw,pagesize=64K
      39 22 0:45 / /mnt/hugetlbfs rw - tmpfs none rw,pagesize=2M
      nonsense
      """
    ])
    let found = try HugePageMount.all(tree.files)
    #expect(found.map(\.path) == ["/dev/hugepages", "/mnt/with space", "/mnt/64k"])
    #expect(found.map(\.pageSize) == [2 << 20, 1 << 30, 64 << 10])
    #expect(found.map(\.device) == [42, 0x10002C, 44])
  }

  @Test("of other processes are found, too, however high their numbers are")
  func everywhere() throws {
    let line = "36 22 0:42 / /dev/hugepages rw - hugetlbfs hugetlbfs rw,pagesize=2M"
    let tree = try FileTree([
      "/proc/4194303/ns/mnt": "", "/proc/4194303/mountinfo": line,
      "/proc/self/mountinfo": "22 1 254:0 / / rw - ext4 /dev/vda rw",
    ])
    #expect(HugePageMount.everywhere(tree.files).map(\.device) == [42])
  }

  @Test("that cannot be asked for are not none")
  func unread() throws {
    let tree = try FileTree()
    #expect(throws: Unreadable.self) { try HugePageMount.all(tree.files) }
  }
}
