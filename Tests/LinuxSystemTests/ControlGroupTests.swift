import Glibc
import LinuxSystem
import Testing

/// A file system's line in /proc/self/mountinfo.
private func mount(_ root: String, _ point: String, _ type: String, _ options: String) -> String {
  "31 23 0:28 \(root) \(point) rw,relatime shared:9 - \(type) none rw,\(options)\n"
}

private func isWritable(_ directory: String) -> Bool { unsafe access(directory, W_OK) == 0 }

private let unified = mount("/", "/cg", "cgroup2", "nsdelegate")
private let gibibyte = 1 << 30

@Suite("The cgroups of version 2")
struct ControlGroupV2Tests {
  /// A process in /a/b, with `files` of its groups.
  private func tree(_ files: [String: String]) throws -> FileTree {
    var tree = try FileTree.of([
      "/proc/self/cgroup": "0::/a/b\n", "/proc/self/mountinfo": unified, "/cg/a/b/cgroup.procs": "",
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
      "/proc/self/cgroup": "0::\(path)\n", "/proc/self/mountinfo": mount(root, "/my\\040cg", "cgroup2", ""),
    ]
    files["/my cg/cpu.max"] = "300000 100000\n"
    if path == "/a/b" { files["/my cg/b/cpu.max"] = root == "/a" ? "200000 100000\n" : "1 1\n" }
    if root == "/" { files["/my cg/a/b/cpu.max"] = "100000 100000\n" }
    let tree = try FileTree.of(files)
    #expect(try ControlGroup.current(tree.files).cpuQuota == quota)
  }
}

@Suite("The cgroups of version 1")
struct ControlGroupV1Tests {
  private static let unlimited = 0x7FFF_FFFF_FFFF_F000

  private func tree(_ files: [String: String]) throws -> FileTree {
    var tree = try FileTree.of([
      "/proc/self/cgroup": "3:hugetlb:/h\n2:memory:/m/n\n1:cpu,cpuacct:/c\n",
      "/proc/self/mountinfo": mount("/", "/cg/cpu,cpuacct", "cgroup", "cpu,cpuacct")
        + mount("/", "/cg/memory", "cgroup", "memory") + mount("/", "/cg/hugetlb", "cgroup", "hugetlb"),
    ])
    for (path, text) in files { try tree.write("/cg" + path, text) }
    return tree
  }

  @Test("give the CPU quota", arguments: [("-1", nil), ("250000", 2.5), ("0", nil)])
  func quota(micros: String, quota: Double?) throws {
    let tree = try tree([
      "/cpu,cpuacct/c/cpu.cfs_quota_us": micros + "\n", "/cpu,cpuacct/c/cpu.cfs_period_us": "100000\n",
      "/cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    ])
    #expect(try ControlGroup.current(tree.files).cpuQuota == quota)
  }

  @Test("give the least memory left up the tree, and take the highest number for no limit")
  func memory() throws {
    let tree = try tree([
      "/memory/memory.limit_in_bytes": "\(Self.unlimited)\n",
      "/memory/m/memory.limit_in_bytes": "\(2 * gibibyte)\n",
      "/memory/m/memory.usage_in_bytes": "\(gibibyte)\n",
      "/memory/m/memory.stat": "inactive_file 5\ntotal_inactive_file 4096\ntotal_active_file 8192\ntotal_dirty 4096\n",
      "/memory/m/n/memory.stat": "hierarchical_memory_limit \(2 * gibibyte)\n",
      "/memory/m/n/memory.limit_in_bytes": "\(Self.unlimited)\n",
    ])
    let expected = ControlGroup.Headroom(
      bytes: gibibyte + 8192, limitBytes: 2 * gibibyte, path: "/cg/memory/m")
    #expect(try ControlGroup.current(tree.files).memoryHeadroom == expected)
  }

  @Test("count what is swapped out against the limit of both")
  func swap() throws {
    let tree = try tree([
      "/memory/m/memory.limit_in_bytes": "\(2 * gibibyte)\n", "/memory/m/memory.usage_in_bytes": "\(gibibyte)\n",
      "/memory/m/memory.memsw.limit_in_bytes": "\(3 * gibibyte)\n",
      "/memory/m/memory.memsw.usage_in_bytes": "\(5 * gibibyte / 2)\n", "/memory/m/memory.stat": "total_dirty 0\n",
      "/memory/m/n/memory.stat": "hierarchical_memory_limit \(2 * gibibyte)\n",
    ])
    let expected = ControlGroup.Headroom(bytes: gibibyte / 2, limitBytes: 3 * gibibyte, path: "/cg/memory/m")
    #expect(try ControlGroup.current(tree.files).memoryHeadroom == expected)
  }

  @Test("tell of a limit above the group that a container sees")
  func limitAbove() throws {
    let tree = try FileTree.of([
      "/proc/self/cgroup": "2:memory:/docker/abc\n",
      "/proc/self/mountinfo": mount("/docker/abc", "/cg/memory", "cgroup", "memory"),
      "/cg/memory/memory.limit_in_bytes": "\(Self.unlimited)\n", "/cg/memory/memory.usage_in_bytes": "\(gibibyte)\n",
      "/cg/memory/memory.stat": "hierarchical_memory_limit \(3 * gibibyte)\ntotal_active_file \(gibibyte / 2)\n"
        + "total_inactive_file 0\n",
    ])
    let expected = ControlGroup.Headroom(
      bytes: 5 * gibibyte / 2, limitBytes: 3 * gibibyte, path: "above /cg/memory")
    #expect(try ControlGroup.current(tree.files).memoryHeadroom == expected)
  }

  @Test("give the huge pages left")
  func hugetlb() throws {
    let tree = try tree([
      "/hugetlb/h/hugetlb.1GB.limit_in_bytes": "\(3 * gibibyte)\n",
      "/hugetlb/h/hugetlb.1GB.usage_in_bytes": "\(gibibyte)\n",
      "/hugetlb/h/hugetlb.2MB.limit_in_bytes": "\(Int.max & ~0x1F_FFFF)\n",
      "/hugetlb/h/hugetlb.2MB.rsvd.limit_in_bytes": "\(8 << 20)\n",
      "/hugetlb/h/hugetlb.2MB.rsvd.usage_in_bytes": "\(2 << 20)\n",
    ])
    let group = ControlGroup.current(tree.files)
    #expect(try group.hugetlbHeadroom(pageSize: 1 << 30)?.bytes == 2 * gibibyte)
    #expect(try group.hugetlbHeadroom(pageSize: 2 << 20)?.bytes == 6 << 20)
  }
}

@Suite("The cgroups of this machine")
struct ControlGroupTests {
  @Test("of both versions at once are each asked for what they control")
  func hybrid() throws {
    let tree = try FileTree.of([
      "/proc/self/cgroup": "4:memory:/m\n1:cpu:/\n0::/u\n",
      "/proc/self/mountinfo": mount("/", "/cg/cpu", "cgroup", "cpu")
        + mount("/", "/cg/memory", "cgroup", "memory")
        + mount("/", "/cg/unified", "cgroup2", ""),
      "/cg/cpu/cpu.cfs_quota_us": "50000\n", "/cg/cpu/cpu.cfs_period_us": "100000\n",
      "/cg/memory/m/memory.limit_in_bytes": "4096\n", "/cg/memory/m/memory.usage_in_bytes": "0\n",
      "/cg/memory/m/memory.stat": "total_inactive_file 0\n", "/cg/unified/u/hugetlb.2MB.current": "0\n",
      "/cg/unified/u/hugetlb.2MB.max": "2097152\n", "/cg/unified/u/cpu.max": "10000 100000\n",
    ])
    let group = ControlGroup.current(tree.files)
    #expect(try group.cpuQuota == 0.5)
    #expect(try group.memoryHeadroom?.path == "/cg/memory/m")
    #expect(try group.hugetlbHeadroom(pageSize: 2 << 20)?.path == "/cg/unified/u")
  }

  @Test("allow everything where there are none")
  func none() throws {
    let tree = try FileTree.of(["/proc/self/stat": ""])
    let group = ControlGroup.current(tree.files)
    #expect(try group.cpuQuota == nil)
    #expect(try group.memoryHeadroom == nil)
    #expect(try group.hugetlbHeadroom(pageSize: 2 << 20) == nil)
  }

  @Test("are not known where they, or what tells of them, cannot be seen")
  func unseen() throws {
    let unmounted = try FileTree.of(["/proc/self/cgroup": "2:memory:/m\n0::/u\n", "/proc/self/mountinfo": ""])
    for tree in [unmounted.files, SystemFiles(root: "/nowhere")] {
      let group = ControlGroup.current(tree)
      #expect(throws: Unreadable.self) { try group.cpuQuota }
      #expect(throws: Unreadable.self) { try group.memoryHeadroom }
      #expect(throws: Unreadable.self) { try group.hugetlbHeadroom(pageSize: 2 << 20) }
    }
  }

  @Test("that a container sees may not be all, which the topmost one tells")
  func hidden() throws {
    var files = [
      "/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": mount("/", "/cg", "cgroup2", ""),
      "/cg/cgroup.procs": "", "/cg/cgroup.type": "domain\n",
    ]
    let inside = try FileTree.of(files)
    #expect(ControlGroup.current(inside.files).hiddenMemoryLimits == Unreadable("what is above cgroup /cg", .isHidden))
    files["/cg/cgroup.type"] = nil
    let outside = try FileTree.of(files)
    #expect(ControlGroup.current(outside.files).hiddenMemoryLimits == nil)
    #expect(ControlGroup.current(outside.files).hiddenQuotas == nil)
  }

  /// A group of the kernel's own, of version 1, for as long as `body` runs; its answers are the kernel's, and
  /// so is what a process in it reads of its membership.
  private func inside(
    _ directory: String, _ limits: KeyValuePairs<String, String>,
    _ body: (ControlGroup, String) throws -> Void
  ) throws {
    let group = "\(directory)/ktask-test-\(getpid())"
    guard unsafe mkdir(group, 0o755) == 0 else { throw Errno(errno) }
    defer { unsafe rmdir(group) }
    for (file, value) in limits { try FileTree.write(value, to: "\(group)/\(file)") }
    var tree = try FileTree.of()
    try tree.link("/sys", to: "/sys")
    for file in ["cgroup", "mountinfo"] {
      let text = try output(of: "echo $$ > \(group)/cgroup.procs && cat /proc/self/\(file)")
      try tree.write("/proc/self/\(file)", text)
    }
    try body(ControlGroup.current(tree.files), group)
  }

  @Test(
    "have their quota found",
    .enabled(if: isWritable("/sys/fs/cgroup/cpu"), "no cgroup can be made here"),
    .enabled(
      if: SystemFiles().exists("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
      "the cpu controller is not of version 1"))
  func realQuota() throws {
    let limits: KeyValuePairs = ["cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "75000"]
    try inside("/sys/fs/cgroup/cpu", limits) { group, _ in
      let quota = try group.cpuQuota
      #expect(quota == 0.75)
    }
  }

  @Test(
    "have their memory limit found",
    .enabled(if: isWritable("/sys/fs/cgroup/memory"), "no cgroup can be made here"),
    .enabled(
      if: SystemFiles().exists("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
      "the memory controller is not of version 1"))
  func realMemory() throws {
    try inside("/sys/fs/cgroup/memory", ["memory.limit_in_bytes": "\(64 << 20)"]) { group, path in
      let headroom = try #require(try group.memoryHeadroom)
      #expect(headroom.path == path)
      #expect(headroom.limitBytes == 64 << 20)
      #expect(headroom.bytes > 32 << 20)
    }
  }
}
