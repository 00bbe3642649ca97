import LinuxSystem
import TestSupport
import Testing

private let gibibyte = 1 << 30

@Suite("The cgroups of version 2")
struct ControlGroupV2Tests {
  /// A process in /a/b, with `files` of its groups.
  private func tree(_ files: [String: String]) throws -> FileTree {
    let tree = try FileTree([
      "/proc/self/cgroup": "0::/a/b\n", "/proc/self/mountinfo": mountLine("/", "/cg", "cgroup2", "nsdelegate"),
      "/cg/a/b/cgroup.procs": "",
    ])
    for (path, text) in files { try tree.write("/cg" + path, text) }
    return tree
  }

  @Test(
    "give the least CPU quota up the tree",
    arguments: [
      ([:], nil),
      (["/a/cpu.max": "max 100000\n", "/a/b/cpu.max": "max 100000\n"], nil),
      (["/a/cpu.max": "150000 100000\n", "/a/b/cpu.max": "max 100000\n"], 1.5),
      (["/a/cpu.max": "150000 100000\n", "/a/b/cpu.max": "25000 50000\n"], 0.5),
      (["/a/cpu.max": "max 100000\n", "/a/b/cpu.max": "0 0\n"], nil),
    ])
  func quota(files: [String: String], quota: Double?) throws {
    let tree = try tree(files)
    #expect(try ControlGroup.current(tree.files).cpuQuota == quota)
  }

  @Test("do not tell a quota that no kernel writes")
  func unclearQuota() throws {
    let tree = try tree(["/a/cpu.max": "nonsense\n", "/a/b/cpu.max": "150000 100000\n"])
    #expect(throws: Unreadable("/cg/a/cpu.max", .isUnclear)) { try ControlGroup.current(tree.files).cpuQuota }
  }

  @Test("give the least memory left up the tree, file cache that can be dropped not counted")
  func memory() throws {
    let tree = try tree([
      "/a/memory.max": "\(8 * gibibyte)\n", "/a/memory.current": "\(7 * gibibyte)\n",
      "/a/memory.stat":
        "anon 1\nfile 2\ninactive_file \(3 * gibibyte)\nactive_file \(gibibyte + 8192)\nfile_dirty 4096\n"
        + "file_writeback 4096\nshmem \(gibibyte)\n",
      "/a/b/memory.max": "\(7 * gibibyte)\n", "/a/b/memory.current": "\(gibibyte)\n",
      "/a/b/memory.stat": "inactive_file 0\n",
    ])
    let expected = ControlGroup.Headroom(bytes: 5 * gibibyte, limitBytes: 8 * gibibyte, path: "/cg/a")
    #expect(try ControlGroup.current(tree.files).memoryHeadroom == expected)
  }

  @Test("give no memory left rather than less than none")
  func memoryExceeded() throws {
    let tree = try tree([
      "/a/b/memory.max": "4096\n", "/a/b/memory.current": "8192\n", "/a/b/memory.stat": "inactive_file 0\n",
    ])
    let expected = ControlGroup.Headroom(bytes: 0, limitBytes: 4096, path: "/cg/a/b")
    #expect(try ControlGroup.current(tree.files).memoryHeadroom == expected)
  }

  @Test("do not limit memory that no group limits")
  func memoryUnlimited() throws {
    let tree = try tree([
      "/a/memory.max": "max\n", "/a/b/memory.max": "max\n", "/a/b/memory.current": "8192\n",
    ])
    #expect(try ControlGroup.current(tree.files).memoryHeadroom == nil)
  }

  @Test("give the lesser of huge pages that may be used and that may be reserved")
  func hugetlb() throws {
    let tree = try tree([
      "/a/b/hugetlb.2MB.max": "\(4 << 21)\n", "/a/b/hugetlb.2MB.current": "\(1 << 21)\n",
      "/a/b/hugetlb.2MB.rsvd.max": "\(4 << 21)\n", "/a/b/hugetlb.2MB.rsvd.current": "\(2 << 21)\n",
      "/a/hugetlb.2MB.max": "max\n", "/a/hugetlb.1GB.max": "0\n", "/a/hugetlb.64KB.max": "65536\n",
      "/a/hugetlb.1GB.current": "0\n", "/a/hugetlb.64KB.current": "0\n",
    ])
    let group = ControlGroup.current(tree.files)
    #expect(try group.hugetlbHeadroom(pageSize: 2 << 20)?.bytes == 2 << 21)
    #expect(try group.hugetlbHeadroom(pageSize: 1 << 30) == .init(bytes: 0, limitBytes: 0, path: "/cg/a"))
    #expect(try group.hugetlbHeadroom(pageSize: 64 << 10)?.bytes == 64 << 10)
    #expect(try group.hugetlbHeadroom(pageSize: 16 << 30) == nil)
  }

  @Test(
    "are found from within a container",
    arguments: [
      ("/", "/a/b", 1.0),  // the host's view of everything
      ("/a", "/a/b", 2.0),  // mounted from /a downwards: b's group, then the mount's root
      ("/a/b", "/a/b", 3.0),  // mounted from its own group
      ("/other", "/a/b", 3.0),  // outside of what is mounted: the mount's root
      ("/", "/../x", 3.0),  // outside of its cgroup namespace
      ("/", "/gone", 3.0),  // not there at all
      ("/a/b", "/a/bc", 3.0),  // no child, though the names begin alike
    ])
  func containers(root: String, path: String, quota: Double) throws {
    var files = [
      "/proc/self/cgroup": "0::\(path)\n", "/proc/self/mountinfo": mountLine(root, "/my\\040cg", "cgroup2", ""),
    ]
    // none of them is the root of all groups
    func write(_ group: String, _ quota: String) {
      files["/my cg\(group)/cpu.max"] = quota + "\n"
      files["/my cg\(group)/cgroup.procs"] = ""
      files["/my cg\(group)/cgroup.type"] = "domain\n"
    }
    write("", "300000 100000")
    if path == "/a/b" { write("/b", root == "/a" ? "200000 100000" : "1 1") }
    if root == "/" { write("/a/b", "100000 100000") }
    let tree = try FileTree(files)
    #expect(try ControlGroup.current(tree.files).cpuQuota == quota)
  }
}
