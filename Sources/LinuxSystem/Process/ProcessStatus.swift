/// This process's memory, in bytes (/proc/self/status).
public struct ProcessStatus: Sendable, Equatable {
  /// Locked by mlock(2) or its like (`VmLck`).
  public let lockedBytes: Int
  /// Pinned by io_uring or a driver (`VmPin`).
  public let pinnedBytes: Int
  /// Resident, pages of hugetlbfs apart (`VmRSS`). Off by some pages a thread.
  public let residentBytes: Int
  /// Address space (`VmSize`), which RLIMIT_AS limits.
  public let addressSpaceBytes: Int
  /// Private writable mappings (`VmData`), which RLIMIT_DATA limits.
  public let dataBytes: Int

  public init(lockedBytes: Int, pinnedBytes: Int, residentBytes: Int, addressSpaceBytes: Int, dataBytes: Int) {
    self.lockedBytes = lockedBytes
    self.pinnedBytes = pinnedBytes
    self.residentBytes = residentBytes
    self.addressSpaceBytes = addressSpaceBytes
    self.dataBytes = dataBytes
  }

  /// What /proc/self/status says now.
  public static func current(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> ProcessStatus {
    let fields = try KilobyteFields("/proc/self/status", files)
    return ProcessStatus(
      lockedBytes: try fields.demand("VmLck"), pinnedBytes: try fields.demand("VmPin"),
      residentBytes: try fields.demand("VmRSS"), addressSpaceBytes: try fields.demand("VmSize"),
      dataBytes: try fields.demand("VmData"))
  }

  /// Bytes of pools' pages that another process has mapped (`HugetlbPages`); nil: not told.
  public static func hugePageBytes(of process: Int, _ files: SystemFiles = SystemFiles()) -> Int? {
    try? KilobyteFields("/proc/\(process)/status", files).demand("HugetlbPages")
  }
}
