import Foundation
import Testing

extension Scratch {
  /// A control group of the test's own, version 1's memory, with a limit in bytes; its directory.
  func memoryGroup(limit: Int) throws -> String {
    let group = try group(in: Self.mount(of: "cgroup", option: "memory"), "version 1's memory controller")
    if !Host.write("\(limit)", to: group + "/memory.limit_in_bytes") { try Test.cancel("the limit cannot be set") }
    return group
  }

  /// A control group of version 2 with a limit for huge pages, in bytes; its directory.
  func hugePageGroup(limit: Int) throws -> String {
    guard let root = Self.mount(of: "cgroup2", option: nil) else { try Test.cancel("needs control groups, version 2") }
    let children = root + "/cgroup.subtree_control"
    if !Host.text(children).split(separator: " ").contains("hugetlb") {
      if !Host.write("+hugetlb", to: children) { try Test.cancel("needs version 2's hugetlb controller") }
      finally { _ = Host.write("-hugetlb", to: children) }
    }
    let group = try group(in: root, "version 2's hugetlb controller")
    guard Host.write("\(limit)", to: group + "/hugetlb.2MB.max") else { try Test.cancel("the limit cannot be set") }
    _ = Host.write("\(limit)", to: group + "/hugetlb.2MB.rsvd.max")
    return group
  }

  /// One of version 1 with so many CPUs' time.
  func cpuGroup(quota: Double) throws -> String {
    let group = try group(in: Self.mount(of: "cgroup", option: "cpu"), "version 1's cpu controller")
    let period = Int(Host.text(group + "/cpu.cfs_period_us")) ?? 100_000
    if !Host.write("\(Int(quota * Double(period)))", to: group + "/cpu.cfs_quota_us") {
      try Test.cancel("the quota cannot be set")
    }
    return group
  }

  /// One of version 1 with these CPUs.
  func cpusetGroup(cpus: String) throws -> String {
    let root = Self.mount(of: "cgroup", option: "cpuset")
    let group = try group(in: root, "version 1's cpuset controller")
    guard Host.write(Host.text((root ?? "") + "/cpuset.mems"), to: group + "/cpuset.mems"),
      Host.write(cpus, to: group + "/cpuset.cpus")
    else { try Test.cancel("the CPUs cannot be set") }
    return group
  }

  private func group(in root: String?, _ need: String) throws -> String {
    let group = (root ?? "") + "/ktaskctl-test-\(ProcessInfo.processInfo.processIdentifier)"
    guard root != nil, (try? tool("mkdir", group)) != nil else { try Test.cancel("needs \(need)") }
    finally { _ = try? tool("rmdir", group) }
    return group
  }

  /// Where a file system of that type, with that option, is mounted.
  private static func mount(of type: String, option: String?) -> String? {
    let mounts = Host.text("/proc/mounts").split(separator: "\n").map { $0.split(separator: " ") }
    let found = mounts.first { $0[2] == type && (option == nil || $0[3].split(separator: ",").contains(option![...])) }
    return found.map { String($0[1]) }
  }

  /// Before the program's own words: makes it run in that group.
  static func inside(_ group: String) -> [String] {
    ["sh", "-c", "echo $$ > \(group)/cgroup.procs && exec \"$@\"", "sh"]
  }
}
