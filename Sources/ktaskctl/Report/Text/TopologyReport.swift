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
  /// Those that lie on these mounts, and in /dev/shm.
  var stocks: [Document.Stock] = []
  var limits: Limits
  var power: String?
  var threads: Int
  var bounds: [Document.Bound]
  var helpers: Document.HelperRules
  var unknown: [Document.UnknownBound]
  /// The same, for the text.
  var helperRules: HelperRules

  private enum CodingKeys: String, CodingKey {
    case ktaskctl, command, host, pools, nodes, stocks, limits, power, threads, bounds, helpers, unknown
    case hugetlbMounts = "hugetlb_mounts"
    case physicalCores = "physical_cores"
    case memoryAvailableBytes = "memory_available_bytes"
    case basePageSize = "base_page_size"
    case transparentHugePages = "transparent_huge_pages"
  }

  func json() -> String { JSON.text(self) + "\n" }
}
