/// What this process's cgroups allow it, by cgroups(7) of version 1, version 2, or some of each.
/// Each question reads the files anew.
public struct ControlGroup: Sendable {
  /// What is left below a limit; in bytes.
  public struct Headroom: Sendable, Equatable {
    /// What may still be used; never negative.
    public let bytes: Int
    public let limitBytes: Int
    /// The directory of the cgroup that sets the limit.
    public let path: String

    public init(bytes: Int, limitBytes: Int, path: String) {
      self.bytes = bytes
      self.limitBytes = limitBytes
      self.path = path
    }
  }

  private let files: SystemFiles
  private let cpu: ControlGroupHierarchy?
  private let cpusets: ControlGroupHierarchy?
  private let memory: ControlGroupHierarchy?
  private let hugetlb: ControlGroupHierarchy?

  /// The cgroups that the process is in now (/proc/self/cgroup, /proc/self/mountinfo).
  public static func current(_ files: SystemFiles = SystemFiles()) -> ControlGroup { ControlGroup(files) }

  private init(_ files: SystemFiles) {
    self.files = files
    cpu = ControlGroupHierarchy(controller: "cpu", files)
    cpusets = ControlGroupHierarchy(controller: "cpuset", files)
    memory = ControlGroupHierarchy(controller: "memory", files)
    hugetlb = ControlGroupHierarchy(controller: "hugetlb", files)
  }
}

/// CPU time.
extension ControlGroup {
  /// How many CPUs' time the process may use, 1.5 being one and a half; nil if that is unlimited. The least up
  /// the tree (`cpu.max`; `cpu.cfs_quota_us` and `cpu.cfs_period_us`).
  public var cpuQuota: Double? {
    guard let cpu else { return nil }
    return cpu.directories.compactMap { quota($0, cpu.version) }.min()
  }

  private func quota(_ group: String, _ version: ControlGroupHierarchy.Version) -> Double? {
    let quota: Int?
    let period: Int?
    switch version {
    case .v1:
      quota = files.integer(group + "/cpu.cfs_quota_us")
      period = files.integer(group + "/cpu.cfs_period_us")
    case .v2:
      let words = (files.text(group + "/cpu.max") ?? "").split(separator: " ")
      quota = words.first.flatMap { Int($0) }
      period = words.last.flatMap { Int($0) }
    }
    guard let quota, let period, quota > 0, period > 0 else { return nil }
    return Double(quota) / Double(period)
  }
}

/// CPUs.
extension ControlGroup {
  /// The CPUs that the process's cpuset leaves it (`cpuset.cpus.effective`; `cpuset.effective_cpus`, or `cpuset.cpus` of
  /// old kernels); nil where there is no such controller.
  public var cpuset: CPUSet? {
    guard let cpusets, let group = cpusets.directories.first else { return nil }
    let names =
      switch cpusets.version {
      case .v1: ["cpuset.effective_cpus", "cpuset.cpus"]
      case .v2: ["cpuset.cpus.effective"]
      }
    let lists = names.lazy.compactMap { files.text("\(group)/\($0)") }.filter { !$0.isEmpty }
    return lists.first.flatMap(CPUSet.init(list:))
  }
}

/// Memory.
extension ControlGroup {
  /// How much memory the process may still use; nil if that is unlimited. File cache that is given up first
  /// (`inactive_file`) counts as unused. The least up the tree (`memory.max`; `memory.limit_in_bytes`).
  public var memoryHeadroom: Headroom? {
    switch memory?.version {
    case nil: nil
    case .v1:
      least(memory, "memory.limit_in_bytes", "memory.usage_in_bytes") { cache($0, "total_inactive_file") }
    case .v2: least(memory, "memory.max", "memory.current") { cache($0, "inactive_file") }
    }
  }

  /// How much memory in huge pages of `pageSize` bytes the process may still use, or still reserve if that is
  /// less; nil if that is unlimited. The least up the tree (`hugetlb.2MB.max`; `hugetlb.2MB.limit_in_bytes`).
  public func hugetlbHeadroom(pageSize: Int) -> Headroom? {
    let name = "hugetlb." + Self.sizeName(pageSize)
    let both = ["", ".rsvd"].compactMap { kind -> Headroom? in
      switch hugetlb?.version {
      case nil: nil
      case .v1: least(hugetlb, name + kind + ".limit_in_bytes", name + kind + ".usage_in_bytes")
      case .v2: least(hugetlb, name + kind + ".max", name + kind + ".current")
      }
    }
    return both.min { $0.bytes < $1.bytes }
  }

  /// The least headroom up the tree, by the files `limit` and `usage`, of which `reclaimable` does not count.
  private func least(
    _ hierarchy: ControlGroupHierarchy?, _ limit: String, _ usage: String,
    reclaimable: (String) -> Int = { _ in 0 }
  ) -> Headroom? {
    let all = hierarchy?.directories.compactMap { group -> Headroom? in
      guard let limit = files.integer("\(group)/\(limit)"), limit < Self.unlimited else { return nil }
      let used = max(0, (files.integer("\(group)/\(usage)") ?? 0) - reclaimable(group))
      return Headroom(bytes: max(0, limit - used), limitBytes: limit, path: group)
    }
    return all?.min { $0.bytes < $1.bytes }
  }

  /// Version 2 writes `max` for no limit, version 1 the highest number of whole pages.
  private static let unlimited = Int.max / 2

  /// The bytes that `memory.stat` of `group` gives for `name`.
  private func cache(_ group: String, _ name: Substring) -> Int {
    let lines = (files.text(group + "/memory.stat") ?? "").split(separator: "\n")
    let words = lines.lazy.map { $0.split(separator: " ") }.first { $0.first == name }
    return words?.last.flatMap { Int($0) } ?? 0
  }

  /// A page size as the file names have it: 64KB, 2MB, 1GB.
  private static func sizeName(_ bytes: Int) -> String {
    if bytes >= 1 << 30 { return "\(bytes >> 30)GB" }
    if bytes >= 1 << 20 { return "\(bytes >> 20)MB" }
    return "\(bytes >> 10)KB"
  }
}
