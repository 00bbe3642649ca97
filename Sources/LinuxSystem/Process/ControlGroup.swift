/// What this process's cgroups allow it, by cgroups(7) of version 1, version 2, or some of each.
/// Each question reads the files anew.
public struct ControlGroup: Sendable {
  /// What is left below a limit; in bytes.
  public struct Headroom: Sendable, Equatable {
    /// What may still be used; never negative.
    public let bytes: Int
    public let limitBytes: Int
    /// The directory of the cgroup that sets the limit; `above` that of the topmost one that can be seen.
    public let path: String

    public init(bytes: Int, limitBytes: Int, path: String) {
      self.bytes = bytes
      self.limitBytes = limitBytes
      self.path = path
    }
  }

  private let files: SystemFiles
  private let cpu: Fact<ControlGroupHierarchy?>
  private let cpusets: Fact<ControlGroupHierarchy?>
  private let memory: Fact<ControlGroupHierarchy?>
  private let hugetlb: Fact<ControlGroupHierarchy?>

  /// The cgroups that the process is in now (/proc/self/cgroup, /proc/self/mountinfo).
  public static func current(_ files: SystemFiles = SystemFiles()) -> ControlGroup { ControlGroup(files) }

  private init(_ files: SystemFiles) {
    self.files = files
    let listing = ControlGroupListing(files)
    cpu = ControlGroupHierarchy.of("cpu", in: listing, files)
    cpusets = ControlGroupHierarchy.of("cpuset", in: listing, files)
    memory = ControlGroupHierarchy.of("memory", in: listing, files)
    hugetlb = ControlGroupHierarchy.of("hugetlb", in: listing, files)
  }
}

/// CPU time.
extension ControlGroup {
  /// How many CPUs' time the process may use, 1.5 being one and a half; nil if that is unlimited. The least up
  /// the tree (`cpu.max`; `cpu.cfs_quota_us` and `cpu.cfs_period_us`), as far as it can be seen.
  public var cpuQuota: Double? {
    get throws(Unreadable) {
      var quotas: [Double] = []
      for group in try cpu.get()?.directories ?? [] {
        if let quota = try quota(group, cpu.get()?.version) { quotas.append(quota) }
      }
      return quotas.min()
    }
  }

  /// Groups that may limit the process's CPU time, too, and that it cannot see.
  public var hiddenQuotas: Unreadable? { cpu.known??.hidden }

  private func quota(_ group: String, _ version: ControlGroupHierarchy.Version?) throws(Unreadable) -> Double? {
    if version == .v1 {
      let (quotaFile, periodFile) = (group + "/cpu.cfs_quota_us", group + "/cpu.cfs_period_us")
      // -1: none
      guard let quota = try files.readNumber(quotaFile), quota > 0 else { return nil }
      return Self.share(quota, of: try files.demandNumber(periodFile))
    }
    guard let text = try files.read(group + "/cpu.max") else { return nil }
    let words = text.split(separator: " ")
    if words.first == "max" { return nil }
    guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]) else {
      throw Unreadable(group + "/cpu.max", .isUnclear)
    }
    return Self.share(quota, of: period)
  }

  private static func share(_ quota: Int, of period: Int) -> Double? {
    quota > 0 && period > 0 ? Double(quota) / Double(period) : nil
  }
}

/// CPUs.
extension ControlGroup {
  /// The CPUs that the process's cpuset leaves it (`cpuset.cpus.effective`; `cpuset.effective_cpus`, or `cpuset.cpus` of
  /// old kernels); nil where there is no such controller.
  public var cpuset: CPUSet? {
    get throws(Unreadable) {
      guard let cpusets = try cpusets.get(), let group = cpusets.directories.first else { return nil }
      let names =
        switch cpusets.version {
        case .v1: ["cpuset.effective_cpus", "cpuset.cpus"]
        case .v2: ["cpuset.cpus.effective"]
        }
      for name in names {
        if let cpus = try files.readCPUs("\(group)/\(name)"), !cpus.isEmpty { return cpus }
      }
      return nil
    }
  }
}

/// Memory.
extension ControlGroup {
  /// How much memory the process may still use; nil if that is unlimited. File cache that the kernel can drop counts as
  /// unused, however much it is in use. The least up the tree (`memory.max`; `memory.limit_in_bytes` and
  /// `memory.memsw.limit_in_bytes`); version 1 tells of limits above what can be seen, too.
  public var memoryHeadroom: Headroom? {
    get throws(Unreadable) {
      guard let memory = try memory.get() else { return nil }
      switch memory.version {
      case .v2: return try least(memory, "memory.max", "memory.current", reclaimable: droppable)
      case .v1:
        let found = [
          try least(memory, "memory.limit_in_bytes", "memory.usage_in_bytes", reclaimable: droppable),
          try least(memory, "memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes", reclaimable: droppable),
          try aboveAll(memory),
        ]
        return found.compactMap { $0 }.min { $0.bytes < $1.bytes }
      }
    }
  }

  /// Groups that may limit the process's memory, too, and of which no file tells.
  public var hiddenMemoryLimits: Unreadable? {
    guard let memory = memory.known ?? nil, memory.version == .v2 else { return nil }
    return memory.hidden
  }

  /// How much memory in huge pages of `pageSize` bytes the process may still use, or still reserve if that is
  /// less; nil if that is unlimited. The least up the tree (`hugetlb.2MB.max`; `hugetlb.2MB.limit_in_bytes`).
  public func hugetlbHeadroom(pageSize: Int) throws(Unreadable) -> Headroom? {
    guard let hugetlb = try hugetlb.get() else { return nil }
    let name = "hugetlb." + Self.sizeName(pageSize)
    let (limit, usage) =
      switch hugetlb.version {
      case .v1: (".limit_in_bytes", ".usage_in_bytes")
      case .v2: (".max", ".current")
      }
    let used = try least(hugetlb, name + limit, name + usage)
    let reserved = try least(hugetlb, name + ".rsvd" + limit, name + ".rsvd" + usage)
    return [used, reserved].compactMap { $0 }.min { $0.bytes < $1.bytes }
  }

  /// Groups that may limit the process's huge pages, too, and that it cannot see.
  public var hiddenHugetlbLimits: Unreadable? { hugetlb.known??.hidden }

  /// The least headroom up the tree, by the files `limit` and `usage`, of which `reclaimable` does not count.
  private func least(
    _ hierarchy: ControlGroupHierarchy, _ limitFile: String, _ usageFile: String,
    reclaimable: (String) throws(Unreadable) -> Int = { (_: String) throws(Unreadable) -> Int in 0 }
  ) throws(Unreadable) -> Headroom? {
    var all: [Headroom] = []
    for group in hierarchy.directories {
      guard let limit = try limit("\(group)/\(limitFile)") else { continue }
      let used = max(0, try files.demandNumber("\(group)/\(usageFile)") -| reclaimable(group))
      all.append(Headroom(bytes: max(0, limit -| used), limitBytes: limit, path: group))
    }
    return all.min { $0.bytes < $1.bytes }
  }

  /// nil: none. Version 2 writes `max` for that, version 1 the highest number of whole pages.
  private func limit(_ path: String) throws(Unreadable) -> Int? {
    guard let text = try files.read(path), text != "max" else { return nil }
    guard let limit = Int(amount: text) else { throw Unreadable(path, .isUnclear) }
    return limit < Self.unlimited ? limit : nil
  }

  private static let unlimited = Int.max / 2

  /// What a limit leaves that is set above the topmost group in sight (`hierarchical_memory_limit` of version 1): at most,
  /// since others that it holds for cannot be seen either.
  private func aboveAll(_ memory: ControlGroupHierarchy) throws(Unreadable) -> Headroom? {
    guard let own = memory.directories.first, let top = memory.directories.last,
      let limit = try Statistics(own, files)["hierarchical_memory_limit"], limit < Self.unlimited
    else { return nil }
    for group in memory.directories {
      if let visible = try self.limit(group + "/memory.limit_in_bytes"), visible <= limit { return nil }
    }
    let used = max(0, try files.demandNumber(top + "/memory.usage_in_bytes") -| droppable(top))
    return Headroom(bytes: max(0, limit -| used), limitBytes: limit, path: "above \(top)")
  }

  /// File cache of a group and those below it that needs no writing before it is dropped. Pages of tmpfs are on the lists
  /// of anonymous memory and not in it. A line that a kernel lacks counts nothing.
  private func droppable(_ group: String) throws(Unreadable) -> Int {
    let all = try Statistics(group, files)
    func bytes(_ names: String...) -> Int { names.map { all[$0] ?? 0 }.sum() }
    if all["total_inactive_file"] != nil {
      return max(0, bytes("total_inactive_file", "total_active_file") -| bytes("total_dirty", "total_writeback"))
    }
    return max(0, bytes("inactive_file", "active_file") -| bytes("file_dirty", "file_writeback"))
  }

  /// The lines of a group's `memory.stat`.
  private struct Statistics {
    private let lines: NamedLines

    init(_ group: String, _ files: SystemFiles) throws(Unreadable) {
      lines = NamedLines(try files.demand(group + "/memory.stat"))
    }

    subscript(name: String) -> Int? {
      lines.first(name + " ") { words in words.count == 1 ? Int(amount: words[0]) : nil }
    }
  }

  /// A page size as the file names have it: 64KB, 2MB, 1GB.
  private static func sizeName(_ bytes: Int) -> String {
    if bytes >= 1 << 30 { return "\(bytes >> 30)GB" }
    if bytes >= 1 << 20 { return "\(bytes >> 20)MB" }
    return "\(bytes >> 10)KB"
  }
}
