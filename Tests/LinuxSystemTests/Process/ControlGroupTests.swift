import Glibc
import LinuxSystem
import TestSupport
import Testing

private func isWritable(_ directory: String) -> Bool { unsafe access(directory, W_OK) == 0 }

@Suite("The cgroups of this machine")
struct ControlGroupTests {
  @Test("of both versions at once are each asked for what they control")
  func hybrid() throws {
    let tree = try FileTree([
      "/proc/self/cgroup": "4:memory:/m\n1:cpu:/\n0::/u\n",
      "/proc/self/mountinfo": mountLine("/", "/cg/cpu", "cgroup", "cpu")
        + mountLine("/", "/cg/memory", "cgroup", "memory")
        + mountLine("/", "/cg/unified", "cgroup2", ""),
      "/cg/cpu/cpu.cfs_quota_us": "50000\n", "/cg/cpu/cpu.cfs_period_us": "100000\n",
      "/cg/cpu/cgroup.procs": "", "/cg/memory/m/cgroup.procs": "", "/cg/unified/u/cgroup.procs": "",
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
    let tree = try FileTree(["/proc/self/stat": ""])
    let group = ControlGroup.current(tree.files)
    #expect(try group.cpuQuota == nil)
    #expect(try group.memoryHeadroom == nil)
    #expect(try group.hugetlbHeadroom(pageSize: 2 << 20) == nil)
  }

  @Test("are not known where they, or what tells of them, cannot be seen")
  func unseen() throws {
    let unmounted = try FileTree(["/proc/self/cgroup": "2:memory:/m\n0::/u\n", "/proc/self/mountinfo": ""])
    for tree in [unmounted.files, SystemFiles(root: "/nowhere")] {
      let group = ControlGroup.current(tree)
      #expect(throws: Unreadable.self) { try group.cpuQuota }
      #expect(throws: Unreadable.self) { try group.memoryHeadroom }
      #expect(throws: Unreadable.self) { try group.hugetlbHeadroom(pageSize: 2 << 20) }
    }
  }

  @Test(
    "are not known where the process's own is not found, and are not those of all processes",
    arguments: [
      ("/svc", []),  // hidden
      ("/", []),  // the root, too: by an empty directory
      ("/svc", [""]),  // its own alone
      ("/svc ", ["", "/svc"]),  // a name that ends in a space
      ("/../svc", ["", "/svc"]),  // outside of the process's namespace, in the machine's root mount
      ("/svc\u{FFFD}", ["", "/svc\u{FFFD}"]),  // a name that is no text
    ])
  func notFound(path: String, groups: [String]) throws {
    // the byte FF stands for no letter
    let parts = path.split(separator: "\u{FFFD}", omittingEmptySubsequences: false)
    let bytes = parts.map { Array($0.utf8) }.joined(separator: [0xFF])
    for (kind, options, start) in [("cgroup", "cpu,memory,hugetlb", "4:cpu,memory,hugetlb:"), ("cgroup2", "", "0::")] {
      let tree = try FileTree([
        "/proc/self/mountinfo": mountLine("/", "/cg", kind, options), "/cg/exists/too": "",
      ])
      try tree.write("/proc/self/cgroup", bytes: Array(start.utf8) + bytes + [0x0A])
      for group in groups {
        try tree.write("/cg\(group)/cgroup.procs", "")
        if group == "" && kind == "cgroup" { try tree.write("/cg/release_agent", "") }
        if group != "" && kind == "cgroup2" { try tree.write("/cg\(group)/cgroup.type", "domain\n") }
      }
      let group = ControlGroup.current(tree.files)
      #expect(throws: Unreadable.self) { try group.cpuQuota }
      #expect(throws: Unreadable.self) { try group.memoryHeadroom }
      #expect(throws: Unreadable.self) { try group.hugetlbHeadroom(pageSize: 2 << 20) }
    }
  }

  @Test("are found by names that end in a space")
  func space() throws {
    let tree = try FileTree([
      "/proc/self/cgroup": "0::/svc \n", "/proc/self/mountinfo": mountLine("/", "/cg", "cgroup2", ""),
      "/cg/svc/cgroup.procs": "", "/cg/svc /cgroup.procs": "", "/cg/svc /cpu.max": "50000 100000\n",
    ])
    #expect(try ControlGroup.current(tree.files).cpuQuota == 0.5)
  }

  @Test("that a container sees may not be all, which the topmost one tells")
  func hidden() throws {
    var files = [
      "/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": mountLine("/", "/cg", "cgroup2", ""),
      "/cg/cgroup.procs": "", "/cg/cgroup.type": "domain\n",
    ]
    let inside = try FileTree(files)
    #expect(ControlGroup.current(inside.files).hiddenMemoryLimits == Unreadable("what is above cgroup /cg", .isHidden))
    files["/cg/cgroup.type"] = nil
    let outside = try FileTree(files)
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
    let tree = try FileTree()
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
