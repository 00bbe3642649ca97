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
    /// Its parts.
    var nodes: [NodePool]

    enum CodingKeys: String, CodingKey {
      case total, free, reserved, available, nodes
      case pageSize = "page_size"
    }
  }
  struct Limits: Encodable {
    var lockedMemoryBytes: Int?
    var fileSizeBytes: Int?
    var addressSpaceBytes: Int?
    var dataBytes: Int?
    var cgroupCpus: Double?
    var cgroupMemoryLeftBytes: Int?
    var canLockBeyondLimit: Bool?

    enum CodingKeys: String, CodingKey {
      case lockedMemoryBytes = "locked_memory_bytes"
      case fileSizeBytes = "file_size_bytes"
      case addressSpaceBytes = "address_space_bytes"
      case dataBytes = "data_bytes"
      case cgroupCpus = "cgroup_cpus"
      case cgroupMemoryLeftBytes = "cgroup_memory_left_bytes"
      case canLockBeyondLimit = "can_lock_beyond_limit"
    }
  }

  var ktaskctl = Ktaskctl.version
  var command = "topology"
  var host: Document.Host
  // what the kernel does not tell is left out, as everywhere, and listed with the reason
  var physicalCores: Int?
  var memoryAvailableBytes: Int?
  var basePageSize: Int
  var transparentHugePages: String?
  var pools: [Pool]
  var nodes: [NodeState]
  var hugetlbMounts: [Mount]?
  var limits: Limits
  var power: String?
  var threads: Int
  var bounds: [Document.Bound]
  var helpers: Document.HelperRules
  var unknown: [Document.UnknownBound]
  var helpersText: String

  private enum CodingKeys: String, CodingKey {
    case ktaskctl, command, host, pools, nodes, limits, power, threads, bounds, helpers, unknown
    case hugetlbMounts = "hugetlb_mounts"
    case physicalCores = "physical_cores"
    case memoryAvailableBytes = "memory_available_bytes"
    case basePageSize = "base_page_size"
    case transparentHugePages = "transparent_huge_pages"
  }

  func json() -> String {
    JSON.text(self) + "\n"
  }

  func text() -> String {
    var lines = (host.nodes ?? []).map {
      "node \($0.node): CPUs \($0.cpus.isEmpty ? "none" : $0.cpus), \(Self.amount($0.memoryBytes, nil: "unknown memory"))"
        + availableText(on: $0.node)
    }
    lines += host.nodes == nil ? ["nodes: unknown"] : Self.distanceLines(nodes)
    lines += [
      "CPUs: \(Self.count(host.cpus)) online, \(Self.count(host.allowedCPUs)) allowed, "
        + "\(Self.count(physicalCores)) physical cores",
      "memory: \(Self.amount(memoryAvailableBytes, nil: "unknown")) available",
      "pages: \(PageSizeWord.text(basePageSize)); transparent huge pages: \(transparentHugePages ?? "unknown")",
    ]
    lines += pools.flatMap { pool in
      [
        "pool \(pool.pageSize): \(pool.total) pages, \(pool.free) free, \(pool.reserved) reserved, \(pool.available) available"
      ]
        + partLines(of: pool)
    }
    lines += (hugetlbMounts ?? []).map { "hugetlbfs of \($0.pageSize) pages: \($0.path.shown)" }
    lines += limitLines
    lines += [
      "power policy: \(power ?? "unknown")",
      "kernel: \(host.kernel ?? "unknown"), \(host.preemption ?? "unknown preemption")",
      "threads: \(threads)",
    ]
    lines += bounds.map { "  bound: \($0.what): \($0.threads)" }
    lines.append(helpersText)
    lines += unknown.map { "unknown: \($0.what): \($0.why)" }
    return lines.map { $0.onOneLine + "\n" }.joined()
  }

  private var limitLines: [String] {
    let isCapable = limits.canLockBeyondLimit == true
    let locked = isCapable ? "no limit (CAP_IPC_LOCK)" : amount(.lockedMemory, limits.lockedMemoryBytes)
    return [
      "locked memory: \(locked)",
      "file size: \(amount(.fileSize, limits.fileSizeBytes))",
      "address space: \(amount(.addressSpace, limits.addressSpaceBytes)), "
        + "of its own: \(amount(.data, limits.dataBytes))",
      "cgroup: \(known("cgroup CPU quota", limits.cgroupCpus.map { "\($0.fixed(2)) CPUs" }, nil: "no CPU quota")), "
        + known(
          "cgroup memory", limits.cgroupMemoryLeftBytes.map { "\(ByteSize.text($0)) of memory left" },
          nil: "no memory limit"),
    ]
  }

  /// What an optional means is in the list of what is not known.
  private func known(_ what: String, _ text: String?, nil none: String) -> String {
    if let text { return text }
    return unknown.contains { $0.what == what } ? "unknown (\(what))" : none
  }

  private func amount(_ resource: ResourceLimit.Resource, _ bytes: Int?) -> String {
    known(resource.name, bytes.map { ByteSize.text($0) }, nil: "no limit")
  }

  private static func amount(_ bytes: Int?, nil none: String) -> String { bytes.map { ByteSize.text($0) } ?? none }

  private static func count(_ number: Int?) -> String { number.map { "\($0)" } ?? "unknown" }
}
