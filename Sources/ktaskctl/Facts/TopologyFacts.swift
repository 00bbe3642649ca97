import KTask
import LinuxSystem
import MemoryWork

extension TopologyReport {
  /// Throws where this process lacks what it takes to ask.
  static func current() throws(MemoryError) -> TopologyReport {
    var asked = Asked()
    let topology = Machine.shared.topology
    let group = ControlGroup.current()
    // a task so large that its size bounds nothing
    let control = TaskControl(minimumChunk: usualMinimumChunk)
    let decision = control.decide(size: .max)
    let rules = HelperRules(control.priority(), control.budget)
    let allowed = asked.known("allowed CPUs") { () throws(Unreadable) in try CPUSet.allowed() }
    for (part, unread) in topology.unread { asked.add(part.name, unread) }
    var report = TopologyReport(
      host: .current(),
      physicalCores: topology.physicalCores(in: allowed ?? topology.onlineCPUs),
      memoryAvailableBytes: asked.known("available memory") { () throws(Unreadable) in
        try MemoryInfo.current().availableBytes
      },
      basePageSize: MemoryInfo.basePageSize,
      transparentHugePages: asked.known("transparent huge pages") { () throws(Unreadable) in try transparentWord() },
      pools: asked.known("pools") { () throws(Unreadable) in try HugePagePool.all() }?.map(Pool.init),
      nodes: nodes(&asked, topology),
      hugetlbMounts: asked.known("mounts") { () throws(Unreadable) in try HugePageMount.all() }?.map {
        Mount(path: $0.path, pageSize: PageSizeWord.text($0.pageSize))
      },
      limits: limits(&asked, group),
      power: asked.known("power policy") { () throws(Unreadable) in try PowerPolicy.current() }.map(Self.word),
      threads: decision.threads,
      bounds: decision.bounds.filter { $0.what != .size }.map { .init(what: $0.what.rawValue, threads: $0.threads) },
      helpers: .init(rules), unknown: asked.unknown(besides: group), helperRules: rules)
    if let mounts = report.hugetlbMounts {
      report.stocks = asked.known("stocks") { () throws(Unreadable) in try Document.Stock.all(on: mounts) }
    }
    if let shortage = asked.shortage { throw MemoryError(.unread(shortage)) }
    return report
  }

  private static func limits(_ asked: inout Asked, _ group: ControlGroup) -> Limits {
    Limits(
      lockedMemoryBytes: asked.limit(.lockedMemory), fileSizeBytes: asked.limit(.fileSize),
      addressSpaceBytes: asked.limit(.addressSpace), dataBytes: asked.limit(.data),
      cgroupCpus: asked.known("cgroup CPU quota") { () throws(Unreadable) in try group.cpuQuota } ?? nil,
      cgroupMemoryLeftBytes: asked.known("cgroup memory") { () throws(Unreadable) in try group.memoryHeadroom }??
        .bytes,
      canLockBeyondLimit: asked.known("CAP_IPC_LOCK") { () throws(Unreadable) in try Capability.ipcLock.isEffective })
  }

  private static func nodes(_ asked: inout Asked, _ topology: Topology) -> [NodeState]? {
    if topology.unread[.nodes] != nil { return nil }
    let memory = asked.known("available memory of nodes") { () throws(Unreadable) in try NodeMemory.all() }
    let numbers = topology.nodes.map(\.number)
    return topology.nodes.map { node in
      let from = node.number
      // none is not unknown
      let own = node.memoryBytes == 0 ? .none(on: from) : memory?.first { $0.number == from }
      let access = asked.known("access to node \(from)") { () throws(Unreadable) in try NodeAccess.of(node: from) }
      return NodeState(
        node: from, availableBytes: own?.availableBytes, freeBytes: own?.freeBytes,
        distances: Dictionary(uniqueKeysWithValues: numbers.map { ("\($0)", topology.distance(from: from, to: $0)) }),
        access: (access ?? nil).map(NodeState.Access.init))
    }
  }

  private static func transparentWord() throws(Unreadable) -> String {
    guard let settings = try TransparentHugePages.current() else { return "none" }
    let isOff = try TransparentHugePages.areOffForProcess
    return isOff ? "off for this process (PR_SET_THP_DISABLE)" : settings.enabled.rawValue
  }

  private static func word(_ policy: PowerPolicy) -> String {
    if let found = policy.energyConscious { return "energy-conscious: CPU \(found.cpu), \(found.reason)" }
    return policy.processors.isEmpty ? "no cpufreq" : policy.settings.joined(separator: "; ")
  }
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
      available: pool.available, nodes: pool.nodes.map { .init(node: $0.number, total: $0.total, free: $0.free) })
  }
}
