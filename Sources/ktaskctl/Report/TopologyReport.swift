internal import FoundationEssentials
import KTask
import LinuxSystem
import MemoryWork

/// What ktaskctl sees of the machine, and what it would make of it.
struct TopologyReport: Encodable {
  struct Pool: Encodable {
    var page_size: String
    var total: Int
    var free: Int
    var reserved: Int
    var available: Int
  }
  struct Limits: Encodable {
    var locked_memory_bytes: Int?
    var file_size_bytes: Int?
    var cgroup_cpus: Double?
    var cgroup_memory_left_bytes: Int?
    var can_lock_beyond_limit: Bool
  }

  var ktaskctl = Ktaskctl.version
  var command = "topology"
  var host = Document.Host.current()
  var physical_cores: Int
  var memory_available_bytes: Int
  var base_page_size: Int
  var transparent_huge_pages: String
  var pools: [Pool]
  var limits: Limits
  var power: String
  var threads: Int
  var bounds: [Document.Bound]

  static func current() -> TopologyReport {
    let topology = Machine.shared.topology
    let cgroup = ControlGroup.current()
    // a task so large that its size bounds nothing
    let decision = TaskControl(minimumChunk: usualMinimumChunk).decide(size: .max)
    let energy = PowerPolicy.current()
    return TopologyReport(
      physical_cores: topology.physicalCores(in: (try? CPUSet.allowed()) ?? topology.onlineCPUs),
      memory_available_bytes: MemoryInfo.current()?.availableBytes ?? 0,
      base_page_size: MemoryInfo.basePageSize,
      transparent_huge_pages: TransparentHugePages.current()?.enabled.rawValue ?? "none",
      pools: HugePagePool.all().map(Pool.init),
      limits: Limits(
        locked_memory_bytes: ResourceLimit.of(.lockedMemory).soft, file_size_bytes: ResourceLimit.of(.fileSize).soft,
        cgroup_cpus: cgroup.cpuQuota, cgroup_memory_left_bytes: cgroup.memoryHeadroom?.bytes,
        can_lock_beyond_limit: Capability.ipcLock.isEffective),
      power: energy.energyConscious.map { "energy-conscious: CPU \($0.cpu), \($0.reason)" }
        ?? (energy.processors.isEmpty ? "no cpufreq" : "performance"),
      threads: decision.threads,
      bounds: decision.bounds.filter { $0.what != .size }.map { .init(what: $0.what.rawValue, threads: $0.threads) })
  }

  func json() -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let bytes = try? encoder.encode(self) else { return "{}\n" }
    return String(decoding: bytes, as: UTF8.self) + "\n"
  }

  func text() -> String {
    var lines = host.nodes.map {
      "node \($0.node): CPUs \($0.cpus.isEmpty ? "none" : $0.cpus), \(ByteSize.text($0.memoryBytes))"
    }
    lines += [
      "CPUs: \(host.cpus) online, \(host.allowedCPUs) allowed, \(physical_cores) physical cores",
      "memory: \(ByteSize.text(memory_available_bytes)) available",
      "pages: \(PageSizeWord.text(base_page_size)); transparent huge pages: \(transparent_huge_pages)",
    ]
    lines += pools.map {
      "pool \($0.page_size): \($0.total) pages, \($0.free) free, \($0.reserved) reserved, \($0.available) available"
    }
    lines += [
      "locked memory: \(limits.can_lock_beyond_limit ? "no limit (CAP_IPC_LOCK)" : Self.amount(limits.locked_memory_bytes))",
      "file size: \(Self.amount(limits.file_size_bytes))",
      "cgroup: \(limits.cgroup_cpus.map { "\($0.fixed(2)) CPUs" } ?? "no CPU quota"), "
        + (limits.cgroup_memory_left_bytes.map { "\(ByteSize.text($0)) of memory left" } ?? "no memory limit"),
      "power policy: \(power)",
      "kernel: \(host.kernel), \(host.preemption)",
      "threads: \(threads)",
    ]
    lines += bounds.map { "  bound: \($0.what): \($0.threads)" }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func amount(_ bytes: Int?) -> String { bytes.map { ByteSize.text($0) } ?? "no limit" }
}

extension TopologyReport.Pool {
  init(_ pool: HugePagePool) {
    self.init(
      page_size: PageSizeWord.text(pool.pageSize), total: pool.total, free: pool.free, reserved: pool.reserved,
      available: pool.available)
  }
}
