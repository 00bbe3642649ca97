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
  var pools: [Pool]?
  var nodes: [NodeState]?
  var hugetlbMounts: [Mount]?
  /// Those that lie on these mounts, and in /dev/shm.
  var stocks: [Document.Stock]?
  var limits: Limits
  var power: String?
  var threads: Int
  var bounds: [Document.Bound]
  /// With `--measure`.
  var knees: [Knee]?
  var helpers: Document.HelperRules
  var unknown: [Document.UnknownBound]
  /// The same, for the text.
  var helperRules: HelperRules

  private enum CodingKeys: String, CodingKey {
    case ktaskctl, command, host, pools, nodes, stocks, limits, power, threads, bounds, knees, helpers
    case unknown
    case hugetlbMounts = "hugetlb_mounts"
    case physicalCores = "physical_cores"
    case memoryAvailableBytes = "memory_available_bytes"
    case basePageSize = "base_page_size"
    case transparentHugePages = "transparent_huge_pages"
  }

  func json() -> String { JSON.text(self) + "\n" }
}

extension TopologyReport {
  /// How many threads are right for making pages of one kind, on one node.
  struct Knee: Encodable {
    /// "4K", "thp", "2M".
    var pageSize: String
    /// Left out where it is wherever the kernel puts it.
    var node: Int?
    /// What it was found on; left out, as the rest, where nothing was measured.
    var bytes: Int?
    /// Threads that there were at most.
    var threads: Int?
    /// The least number that was as fast as any; left out where all was done before that showed.
    var knee: Int?
    /// The knee's throughput, or that of all threads.
    var bytesPerSecond: Double?
    var steps: [Document.Step]?
    /// Why there is none.
    var why: String?

    enum CodingKeys: String, CodingKey {
      case node, bytes, threads, knee, steps, why
      case pageSize = "page_size"
      case bytesPerSecond = "bytes_per_second"
    }
  }

  var kneeRows: [Row] { (knees ?? []).map { Row($0.label, $0.text) } }
}

extension TopologyReport.Knee {
  init(pageSize: String, node: Int?) { (self.pageSize, self.node) = (pageSize, node) }

  mutating func take(_ found: MeasuredKnee) {
    (bytes, threads, knee, bytesPerSecond) = (found.bytes, found.threads, found.knee, found.bytesPerSecond)
    if found.knee != nil { steps = found.steps.map(Document.Step.init) }
    if found.knee == nil {
      why = found.threads == 1 ? "more threads cannot be had for so little" : "it was over before a knee showed"
    }
  }

  /// "knee of 2M pages on node 1"
  var label: String { "knee of \(pageSize) pages" + (node.map { " on node \($0)" } ?? "") }

  /// "2 of 4 threads, 9.81 GiB/s, on 1 GiB, verified"
  var text: String {
    guard let threads, let bytes, let bytesPerSecond else { return "not measured: \(why ?? "not known why")" }
    let rate = "\((bytesPerSecond / BinaryUnit.gib).fixed(2)) GiB/s, on \(ByteSize.text(bytes)), verified"
    if let knee { return "\(knee) of \(threads.counted("thread")), \(rate)" }
    return "not found, \(threads.counted("thread")), \(rate): \(why ?? "not known why")"
  }
}
