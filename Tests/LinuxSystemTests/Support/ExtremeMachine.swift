import LinuxSystem
import TestSupport

/// The files of a machine whose kernel says anything, made from a seed.
final class ExtremeMachine {
  private let tree: FileTree
  private var random: SplitMix64

  var files: SystemFiles { tree.files }

  init(seed: Int) throws {
    tree = try FileTree()
    random = SplitMix64(seed: seed)
    try tree.write("/proc/self/exists", "")
    try writeMemory()
    try writePools()
    try writeNodes()
    try writeGroups(isFirstVersion: seed % 2 == 0)
    try writeMappings()
    try writeSettings()
  }

  private static let numbers = [
    "0", "1", "2", "3", "512", "4096", "65535", "65536", "2097152", "2147483647", "4294967296", "4611686018427387904",
    "9007199254740991", "9223372036854771711", "9223372036854771712", "9223372036854775806", "9223372036854775807",
    "9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999999999999999",
  ]
  private static let others = [
    "-1", "-2", "-9223372036854775808", "-9223372036854775809", "+7", "", " ", "max", "0x10", "1.5", "1e9", "٣",
    "1\u{301}",
    "\u{301}", "0-", "-", ",", "9-1", "0-65535", "0-65536", "0-9223372036854775807", "0,0,0,0",
  ]

  /// Mostly numbers: what is none at all says nothing of arithmetic.
  private func word() -> String {
    switch Int.random(in: 0..<12, using: &random) {
    case 0: random.one(of: Self.others)
    case 1, 2: "\(UInt64.random(in: 0 ... .max, using: &random))"
    case 3: "\(UInt64(1) << UInt64.random(in: 0...63, using: &random))"
    default: random.one(of: Self.numbers)
    }
  }

  /// Sometimes one is missing.
  private func write(_ path: String, _ text: String) throws {
    if Int.random(in: 0..<30, using: &random) > 0 { try tree.write(path, text + "\n") }
  }

  private func lines(_ names: [String], _ before: String = "", _ after: String = " kB") -> String {
    names.map { "\(before)\($0) \(word())\(after)\n" }.joined()
  }

  private func writeMemory() throws {
    try write("/proc/meminfo", lines(["MemTotal:", "MemFree:", "MemAvailable:", "CommitLimit:", "Committed_AS:"]))
    try write("/proc/self/status", lines(["VmLck:", "VmPin:", "VmRSS:", "VmSize:", "VmData:"]))
    try write("/proc/sys/vm/min_free_kbytes", word())
  }

  private static let poolFiles = [
    "nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages", "nr_overcommit_hugepages",
  ]

  private func writePools() throws {
    for size in ["64", "2048", "1048576", word()] where !size.isEmpty {
      for name in Self.poolFiles { try write("/sys/kernel/mm/hugepages/hugepages-\(size)kB/\(name)", word()) }
    }
  }

  private func writeNodes() throws {
    try write("/sys/devices/system/cpu/online", word())
    for node in ["0", "1", word()] {
      let folder = "/sys/devices/system/node/node\(node)"
      let names = [
        "MemTotal:", "MemFree:", "Active(file):", "Inactive(file):", "Dirty:", "Writeback:", "SReclaimable:",
      ]
      try write(folder + "/meminfo", lines(names, "Node \(node) "))
      try write(folder + "/cpulist", word())
      try write(folder + "/distance", "\(word()) \(word()) \(word())")
      for name in Self.poolFiles { try write("\(folder)/hugepages/hugepages-2048kB/\(name)", word()) }
    }
    for cpu in ["0", "1", word()] {
      let folder = "/sys/devices/system/cpu/cpu\(cpu)"
      try write(folder + "/topology/core_cpus_list", word())
      try write(folder + "/cpufreq/scaling_governor", word())
      try write(folder + "/cpufreq/energy_performance_preference", word())
    }
  }

  private func writeGroups(isFirstVersion: Bool) throws {
    let folder = "/sys/fs/cgroup"
    let kind = isFirstVersion ? "cgroup" : "cgroup2"
    let controllers = isFirstVersion ? "cpu,cpuset,memory,hugetlb" : ""
    try tree.write("/proc/self/cgroup", "\(isFirstVersion ? "4" : "0"):\(controllers):/a/b\n")
    try tree.write("/proc/self/mountinfo", "30 23 0:26 / \(folder) rw shared:4 - \(kind) none rw,\(controllers)\n")
    let names = [
      "cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpuset.cpus.effective", "cpuset.effective_cpus",
      "memory.max",
      "memory.current", "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.memsw.limit_in_bytes",
      "memory.memsw.usage_in_bytes", "hugetlb.2MB.max", "hugetlb.2MB.current", "hugetlb.2MB.rsvd.max",
      "hugetlb.2MB.rsvd.current", "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.usage_in_bytes",
    ]
    try tree.write(folder + "/a/b/cgroup.procs", "")
    for group in [folder, folder + "/a", folder + "/a/b"] {
      for name in names { try write("\(group)/\(name)", name == "cpu.max" ? "\(word()) \(word())" : word()) }
      let statistics = [
        "inactive_file", "active_file", "file_dirty", "file_writeback", "total_inactive_file", "total_active_file",
        "total_dirty", "total_writeback", "hierarchical_memory_limit",
      ]
      let some = statistics.filter { _ in Bool.random(using: &random) }
      try write(group + "/memory.stat", lines(some, "", ""))
    }
  }

  private func writeMappings() throws {
    var smaps = ""
    var numaMaps = ""
    for start in ["1000", "ffffffffffffffff", "7fffffff0000", ""] {
      smaps += "\(start)-\(random.one(of: ["2000", "ffffffffffffffff", "0", ""])) rw-p 00000000 00:00 0\n   \n"
      smaps += lines(["Rss:", "Shared_Hugetlb:", "Private_Hugetlb:", "AnonHugePages:", "ShmemPmdMapped:"])
      numaMaps += "\(start) default anon=\(word()) N0=\(word()) N0=\(word()) N\(word())=\(word()) "
      numaMaps += "kernelpagesize_kB=\(word())\n   \n"
    }
    try write("/proc/self/smaps", smaps)
    try write("/proc/self/numa_maps", numaMaps)
  }

  private func writeSettings() throws {
    let folder = "/sys/kernel/mm/transparent_hugepage"
    try write(folder + "/hpage_pmd_size", word())
    try write(folder + "/enabled", "always [madvise] never")
    try write(folder + "/shmem_enabled", "always within_size [advise] never deny force")
    try write("/proc/sys/kernel/io_uring_disabled", word())
    try write("/proc/sys/kernel/io_uring_group", word())
    try write("/sys/kernel/iommu_groups/\(random.one(of: Self.numbers))/devices/0000:00:05.0/vendor", word())
    try write("/sys/bus/pci/devices/0000:00:05.0/numa_node", word())
  }
}
