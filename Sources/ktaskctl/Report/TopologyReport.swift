internal import FoundationEssentials
import KTask
import LinuxSystem
import MemoryWork

/// What ktaskctl sees of the machine, and what it would make of it.
struct TopologyReport: Encodable {
  struct Pool: Encodable {
    var pageSize: String
    var total: Int
    var free: Int
    var reserved: Int
    var available: Int
  }
  struct Limits: Encodable {
    var lockedMemoryBytes: Int?
    var fileSizeBytes: Int?
    var cgroupCpus: Double?
    var cgroupMemoryLeftBytes: Int?
    var canLockBeyondLimit: Bool
  }

  var ktaskctl = Ktaskctl.version
  var command = "topology"
  var host = Document.Host.current()
  var physicalCores: Int
  var memoryAvailableBytes: Int
  var basePageSize: Int
  var transparentHugePages: String
  var pools: [Pool]
  var limits: Limits
  var power: String
  var threads: Int
  var bounds: [Document.Bound]
  var helpers: Document.HelperRules
  private var helpersText: String

  private enum CodingKeys: String, CodingKey {
    case ktaskctl, command, host, physicalCores, memoryAvailableBytes, basePageSize, transparentHugePages, pools, limits
    case power, threads, bounds, helpers
  }

  static func current() -> TopologyReport {
    let topology = Machine.shared.topology
    let cgroup = ControlGroup.current()
    // a task so large that its size bounds nothing
    let control = TaskControl(minimumChunk: usualMinimumChunk)
    let decision = control.decide(size: .max)
    let (priority, budget) = (control.priority(), control.budget)
    let energy = PowerPolicy.current()
    return TopologyReport(
      physicalCores: topology.physicalCores(in: (try? CPUSet.allowed()) ?? topology.onlineCPUs),
      memoryAvailableBytes: MemoryInfo.current()?.availableBytes ?? 0,
      basePageSize: MemoryInfo.basePageSize,
      transparentHugePages: TransparentHugePages.current()?.enabled.rawValue ?? "none",
      pools: HugePagePool.all().map(Pool.init),
      limits: Limits(
        lockedMemoryBytes: ResourceLimit.of(.lockedMemory).soft, fileSizeBytes: ResourceLimit.of(.fileSize).soft,
        cgroupCpus: cgroup.cpuQuota, cgroupMemoryLeftBytes: cgroup.memoryHeadroom?.bytes,
        canLockBeyondLimit: Capability.ipcLock.isEffective),
      power: energy.energyConscious.map { "energy-conscious: CPU \($0.cpu), \($0.reason)" }
        ?? (energy.processors.isEmpty ? "no cpufreq" : "performance"),
      threads: decision.threads,
      bounds: decision.bounds.filter { $0.what != .size }.map { .init(what: $0.what.rawValue, threads: $0.threads) },
      helpers: .init(priority, budget),
      helpersText: priority.text(budget))
  }

  func json() -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let bytes = try? encoder.encode(self) else { return "{}\n" }
    return String(decoding: bytes, as: UTF8.self) + "\n"
  }

  func text() -> String {
    var lines = host.nodes.map {
      "node \($0.node): CPUs \($0.cpus.isEmpty ? "none" : $0.cpus), \(ByteSize.text($0.memoryBytes))"
    }
    lines += [
      "CPUs: \(host.cpus) online, \(host.allowedCPUs) allowed, \(physicalCores) physical cores",
      "memory: \(ByteSize.text(memoryAvailableBytes)) available",
      "pages: \(PageSizeWord.text(basePageSize)); transparent huge pages: \(transparentHugePages)",
    ]
    lines += pools.map {
      "pool \($0.pageSize): \($0.total) pages, \($0.free) free, \($0.reserved) reserved, \($0.available) available"
    }
    lines += [
      "locked memory: \(limits.canLockBeyondLimit ? "no limit (CAP_IPC_LOCK)" : Self.amount(limits.lockedMemoryBytes))",
      "file size: \(Self.amount(limits.fileSizeBytes))",
      "cgroup: \(limits.cgroupCpus.map { "\($0.fixed(2)) CPUs" } ?? "no CPU quota"), "
        + (limits.cgroupMemoryLeftBytes.map { "\(ByteSize.text($0)) of memory left" } ?? "no memory limit"),
      "power policy: \(power)",
      "kernel: \(host.kernel), \(host.preemption)",
      "threads: \(threads)",
    ]
    lines += bounds.map { "  bound: \($0.what): \($0.threads)" }
    lines.append(helpersText)
    return lines.map { $0 + "\n" }.joined()
  }

  private static func amount(_ bytes: Int?) -> String { bytes.map { ByteSize.text($0) } ?? "no limit" }
}

extension TopologyReport.Pool {
  init(_ pool: HugePagePool) {
    self.init(
      pageSize: PageSizeWord.text(pool.pageSize), total: pool.total, free: pool.free, reserved: pool.reserved,
      available: pool.available)
  }
}
