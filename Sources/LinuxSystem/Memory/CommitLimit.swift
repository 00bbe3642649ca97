/// How much memory the kernel promises in all, in bytes, where it promises no more than there is (vm.overcommit_memory=2):
/// what is mapped beyond that fails, whether there is memory or not.
public struct CommitLimit: Sendable, Equatable {
  /// `CommitLimit` of /proc/meminfo.
  public let limitBytes: Int
  /// `Committed_AS`.
  public let promisedBytes: Int
  /// Of the limit, what is not swap: vm.overcommit_kbytes, or the share that vm.overcommit_ratio makes of memory.
  public let memoryBytes: Int
  /// What is kept for root (vm.admin_reserve_kbytes), none from root itself; and at most for who repairs a process that has
  /// taken all (vm.user_reserve_kbytes).
  public let adminReserve: Int
  public let userReserve: Int

  public init(limitBytes: Int, promisedBytes: Int, memoryBytes: Int, adminReserve: Int = 0, userReserve: Int = 0) {
    self.limitBytes = limitBytes
    self.promisedBytes = promisedBytes
    self.memoryBytes = memoryBytes
    self.adminReserve = adminReserve
    self.userReserve = userReserve
  }

  /// nil: the kernel promises more than there is.
  public static func current(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> CommitLimit? {
    // a kernel without such a setting has the usual one
    guard try files.readNumber("/proc/sys/vm/overcommit_memory") == 2 else { return nil }
    let fields = try KilobyteFields("/proc/meminfo", files)
    let limit = try fields.demand("CommitLimit")
    let isAdmin = (try? Capability.sysAdmin.isEffective) == true
    return CommitLimit(
      limitBytes: limit, promisedBytes: try fields.demand("Committed_AS"),
      memoryBytes: max(0, limit - (try fields.demand("SwapTotal"))),
      adminReserve: isAdmin ? 0 : try reserve("admin", files), userReserve: try reserve("user", files))
  }

  /// An old kernel keeps none.
  private static func reserve(_ whose: String, _ files: SystemFiles) throws(Unreadable) -> Int {
    max(0, try files.readNumber("/proc/sys/vm/\(whose)_reserve_kbytes") ?? 0) *| 1024
  }

  /// What is left for a process that asks for so many bytes: the kernel keeps a 32nd of what it has mapped then.
  public func left(for bytes: Int) -> Int {
    let kept = min(userReserve, bytes / 32 + Self.ownBytes / 32)
    return max(0, limitBytes -| promisedBytes -| adminReserve -| kept)
  }

  /// More than a program maps besides: its libraries, and the stacks of threads.
  private static var ownBytes: Int { 512 << 20 }
}
