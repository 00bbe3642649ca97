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

    enum CodingKeys: String, CodingKey {
      case total, free, reserved, available
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
  var host = Document.Host.current()
  // what the kernel does not tell is left out, as everywhere, and listed with the reason
  var physicalCores: Int?
  var memoryAvailableBytes: Int?
  var basePageSize: Int
  var transparentHugePages: String?
  var pools: [Pool]
  var limits: Limits
  var power: String?
  var threads: Int
  var bounds: [Document.Bound]
  var helpers: Document.HelperRules
  var unknown: [Document.UnknownBound]
  private var helpersText: String

  private enum CodingKeys: String, CodingKey {
    case ktaskctl, command, host, pools, limits, power, threads, bounds, helpers, unknown
    case physicalCores = "physical_cores"
    case memoryAvailableBytes = "memory_available_bytes"
    case basePageSize = "base_page_size"
    case transparentHugePages = "transparent_huge_pages"
  }

  /// Throws where this process lacks what it takes to ask.
  static func current() throws(MemoryError) -> TopologyReport {
    var asked = Asked()
    let topology = Machine.shared.topology
    let group = ControlGroup.current()
    // a task so large that its size bounds nothing
    let control = TaskControl(minimumChunk: usualMinimumChunk)
    let decision = control.decide(size: .max)
    let (priority, budget) = (control.priority(), control.budget)
    let allowed = asked.known("allowed CPUs") { () throws(Unreadable) in try CPUSet.allowed() }
    for (part, unread) in topology.unread { asked.add(part.name, unread) }
    let report = TopologyReport(
      physicalCores: topology.physicalCores(in: allowed ?? topology.onlineCPUs),
      memoryAvailableBytes: asked.known("available memory") { () throws(Unreadable) in
        try MemoryInfo.current().availableBytes
      },
      basePageSize: MemoryInfo.basePageSize,
      transparentHugePages: asked.known("transparent huge pages") { () throws(Unreadable) in try transparentWord() },
      pools: asked.known("pools") { () throws(Unreadable) in try HugePagePool.all() }?.map(Pool.init) ?? [],
      limits: Limits(
        lockedMemoryBytes: asked.limit(.lockedMemory), fileSizeBytes: asked.limit(.fileSize),
        addressSpaceBytes: asked.limit(.addressSpace), dataBytes: asked.limit(.data),
        cgroupCpus: asked.known("cgroup CPU quota") { () throws(Unreadable) in try group.cpuQuota } ?? nil,
        cgroupMemoryLeftBytes: asked.known("cgroup memory") { () throws(Unreadable) in try group.memoryHeadroom }??
          .bytes,
        canLockBeyondLimit: asked.known("CAP_IPC_LOCK") { () throws(Unreadable) in try Capability.ipcLock.isEffective }),
      power: asked.known("power policy") { () throws(Unreadable) in try PowerPolicy.current() }.map(Self.word),
      threads: decision.threads,
      bounds: decision.bounds.filter { $0.what != .size }.map { .init(what: $0.what.rawValue, threads: $0.threads) },
      helpers: .init(priority, budget), unknown: asked.unknown(besides: group),
      helpersText: priority.text(budget))
    if let shortage = asked.shortage { throw MemoryError(.unread(shortage)) }
    return report
  }

  private static func transparentWord() throws(Unreadable) -> String {
    guard let settings = try TransparentHugePages.current() else { return "none" }
    let isOff = try TransparentHugePages.areOffForProcess
    return isOff ? "off for this process (PR_SET_THP_DISABLE)" : settings.enabled.rawValue
  }

  private static func word(_ policy: PowerPolicy) -> String {
    if let found = policy.energyConscious { return "energy-conscious: CPU \(found.cpu), \(found.reason)" }
    return policy.processors.isEmpty ? "no cpufreq" : "performance"
  }

  func json() -> String {
    JSON.text(self) + "\n"
  }

  func text() -> String {
    var lines = (host.nodes ?? []).map {
      "node \($0.node): CPUs \($0.cpus.isEmpty ? "none" : $0.cpus), \(Self.amount($0.memoryBytes, nil: "unknown memory"))"
    }
    lines += host.nodes == nil ? ["nodes: unknown"] : []
    lines += [
      "CPUs: \(Self.count(host.cpus)) online, \(Self.count(host.allowedCPUs)) allowed, "
        + "\(Self.count(physicalCores)) physical cores",
      "memory: \(Self.amount(memoryAvailableBytes, nil: "unknown")) available",
      "pages: \(PageSizeWord.text(basePageSize)); transparent huge pages: \(transparentHugePages ?? "unknown")",
    ]
    lines += pools.map {
      "pool \($0.pageSize): \($0.total) pages, \($0.free) free, \($0.reserved) reserved, \($0.available) available"
    }
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

/// Questions to the kernel, and which of them it did not answer.
private struct Asked {
  private var unread: [(what: String, why: Unreadable)] = []

  mutating func add(_ what: String, _ why: Unreadable) { unread.append((what, why)) }

  mutating func known<Value>(_ what: String, _ ask: () throws(Unreadable) -> Value) -> Value? {
    do throws(Unreadable) {
      return try ask()
    } catch {
      add(what, error)
      return nil
    }
  }

  /// nil: none, or not known.
  mutating func limit(_ resource: ResourceLimit.Resource) -> Int? {
    known(resource.name) { () throws(Unreadable) in try ResourceLimit.of(resource).soft } ?? nil
  }

  var shortage: Unreadable? { unread.map(\.why).first(where: \.isShortage) }

  /// With what control groups may limit that are not in sight.
  func unknown(besides group: ControlGroup) -> [Document.UnknownBound] {
    let hidden = [
      ("CPU quotas", group.hiddenQuotas), ("memory limits", group.hiddenMemoryLimits),
      ("huge page limits", group.hiddenHugetlbLimits),
    ]
    let all = unread + hidden.compactMap { what, why in why.map { (what, $0) } }
    return all.map { Document.UnknownBound(what: $0.what, why: $0.why.description) }
  }
}

extension Topology.Part {
  fileprivate var name: String {
    switch self {
    case .onlineCPUs: "online CPUs"
    case .cores: "physical cores"
    case .nodes: "nodes"
    case .memory: "memory of nodes"
    }
  }
}

extension TopologyReport.Pool {
  init(_ pool: HugePagePool) {
    self.init(
      pageSize: PageSizeWord.text(pool.pageSize), total: pool.total, free: pool.free, reserved: pool.reserved,
      available: pool.available)
  }
}
