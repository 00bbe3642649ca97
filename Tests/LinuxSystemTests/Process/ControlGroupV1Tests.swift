import LinuxSystem
import TestSupport
import Testing

private let gibibyte = 1 << 30

@Suite("The cgroups of version 1")
struct ControlGroupV1Tests {
  private static let unlimited = 0x7FFF_FFFF_FFFF_F000

  private func tree(_ files: [String: String]) throws -> FileTree {
    let tree = try FileTree([
      "/proc/self/cgroup": "3:hugetlb:/h\n2:memory:/m/n\n1:cpu,cpuacct:/c\n",
      "/proc/self/mountinfo": mountLine("/", "/cg/cpu,cpuacct", "cgroup", "cpu,cpuacct")
        + mountLine("/", "/cg/memory", "cgroup", "memory") + mountLine("/", "/cg/hugetlb", "cgroup", "hugetlb"),
      "/cg/cpu,cpuacct/c/cgroup.procs": "", "/cg/memory/m/n/cgroup.procs": "", "/cg/hugetlb/h/cgroup.procs": "",
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
    let tree = try FileTree([
      "/proc/self/cgroup": "2:memory:/docker/abc\n",
      "/proc/self/mountinfo": mountLine("/docker/abc", "/cg/memory", "cgroup", "memory"),
      "/cg/memory/cgroup.procs": "",
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
