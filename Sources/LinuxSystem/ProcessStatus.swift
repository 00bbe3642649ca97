/// This process's memory, in bytes (/proc/self/status).
public struct ProcessStatus: Sendable, Equatable {
  /// Locked by mlock(2) or its like (`VmLck`).
  public let lockedBytes: Int
  /// Pinned by io_uring or a driver (`VmPin`).
  public let pinnedBytes: Int
  /// Resident, pages of hugetlbfs apart (`VmRSS`). Off by some pages a thread.
  public let residentBytes: Int

  public init(lockedBytes: Int, pinnedBytes: Int, residentBytes: Int) {
    self.lockedBytes = lockedBytes
    self.pinnedBytes = pinnedBytes
    self.residentBytes = residentBytes
  }

  /// What /proc/self/status says now; nil without it.
  public static func current(_ files: SystemFiles = SystemFiles()) -> ProcessStatus? {
    let fields = KilobyteFields(files.text("/proc/self/status") ?? "")
    guard let locked = fields["VmLck"], let pinned = fields["VmPin"], let resident = fields["VmRSS"] else {
      return nil
    }
    return ProcessStatus(lockedBytes: locked, pinnedBytes: pinned, residentBytes: resident)
  }
}
