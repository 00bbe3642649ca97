import LinuxSystem
import MemoryWork

/// The machine as lscpu(1) shows one: a label and its value on each line, and the values below each other.
extension TopologyReport {
  /// A line; without a value it is what its label says.
  struct Row {
    var label: String
    var value: String?

    init(_ label: String, _ value: String) { (self.label, self.value) = (label + ":", value) }

    init(_ line: String) { label = line }
  }

  func text() -> String {
    let rows = machineRows + nodeRows + poolRows + limitRows + threadRows + kneeRows + unknownRows
    let width = rows.filter { $0.value != nil }.map(\.label.count).max() ?? 0
    let lines = rows.map { row in
      guard let value = row.value else { return row.label }
      return row.label + String(repeating: " ", count: width - row.label.count + 2) + value
    }
    return lines.map { $0.onOneLine + "\n" }.joined()
  }

  private var machineRows: [Row] {
    [
      Row("kernel", [host.kernel ?? "unknown", host.preemption ?? "unknown preemption"].joined(separator: ", ")),
      Row("processor", host.processor ?? "unknown"),
      Row("CPUs online", Self.count(host.cpus)),
      Row("CPUs allowed", Self.count(host.allowedCPUs)),
      Row("physical cores", Self.count(physicalCores)),
      Row("power policy", power ?? "unknown"),
      Row("memory available", Self.amount(memoryAvailableBytes)),
      Row("page size", PageSizeWord.text(basePageSize)),
      Row("transparent huge pages", transparentHugePages ?? "unknown"),
    ]
  }

  private var poolRows: [Row] {
    (pools?.map(Self.row) ?? [Row("huge pages", "unknown")])
      + (hugetlbMounts ?? []).map { Row("hugetlbfs of \($0.pageSize) pages", $0.path.shown) }
      + (stocks ?? []).flatMap { stock in stock.kinds.map { Row("stock \(stock.path.shown)", $0.text) } }
  }

  private static func row(_ pool: Pool) -> Row {
    Row(
      "\(pool.pageSize) pages",
      "\(pool.total), \(pool.free) free, \(pool.reserved) reserved, \(pool.available) available")
  }

  private var limitRows: [Row] {
    let isCapable = limits.canLockBeyondLimit == true
    let left = limits.cgroupMemoryLeftBytes.map { ByteSize.text($0) }
    return [
      Row("locked memory", isCapable ? "no limit (CAP_IPC_LOCK)" : limit(.lockedMemory, limits.lockedMemoryBytes)),
      Row("file size", limit(.fileSize, limits.fileSizeBytes)),
      Row("address space", limit(.addressSpace, limits.addressSpaceBytes)),
      Row("data", limit(.data, limits.dataBytes)),
      Row(
        "cgroup CPU quota", known("cgroup CPU quota", limits.cgroupCpus.map { "\($0.fixed(2)) CPUs" }, nil: "none")),
      Row("cgroup memory left", known("cgroup memory", left, nil: "no limit")),
    ]
  }

  private var threadRows: [Row] {
    [Row("threads", "\(threads)")] + bounds.map { Row("  bound: \($0.what)", "\($0.threads)") }
      + [
        Row("helpers", "nice \(helperRules.nice), at most \(helperRules.atOnce)"),
        Row("  at the end", helperRules.tail.text),
      ]
  }

  private var unknownRows: [Row] { unknown.map { Row("unknown: \($0.what): \($0.why)") } }

  /// What an optional means is in the list of what is not known.
  private func known(_ what: String, _ text: String?, nil none: String) -> String {
    if let text { return text }
    return unknown.contains { $0.what == what } ? "unknown (\(what))" : none
  }

  private func limit(_ resource: ResourceLimit.Resource, _ bytes: Int?) -> String {
    known(resource.name, bytes.map { ByteSize.text($0) }, nil: "no limit")
  }

  static func amount(_ bytes: Int?) -> String { bytes.map { ByteSize.text($0) } ?? "unknown" }

  private static func count(_ number: Int?) -> String { number.map { "\($0)" } ?? "unknown" }
}
