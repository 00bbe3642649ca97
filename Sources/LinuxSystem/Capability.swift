internal import CLinux
internal import Glibc

/// A capability that lifts a limit met here (capabilities(7)).
public enum Capability: String, Sendable, CaseIterable {
  /// Act as the owner of any file.
  case fileOwner = "CAP_FOWNER"
  /// Lock memory beyond RLIMIT_MEMLOCK.
  case ipcLock = "CAP_IPC_LOCK"
  /// Lower nice values.
  case sysNice = "CAP_SYS_NICE"
  /// Raise hard limits.
  case sysResource = "CAP_SYS_RESOURCE"
  /// Mount, and much else.
  case sysAdmin = "CAP_SYS_ADMIN"

  /// The bit's number in linux/capability.h.
  private var bit: Int {
    switch self {
    case .fileOwner: 3
    case .ipcLock: 14
    case .sysAdmin: 21
    case .sysNice: 23
    case .sysResource: 24
    }
  }

  /// Whether the calling thread has it where it lifts those limits: effective (capget(2)), and in the machine's
  /// own user namespace. Root of a container with users of its own has it in name only.
  public var isEffective: Bool {
    var bits: UInt64 = 0
    guard unsafe clinux_effective_capabilities(&bits) == 0 else { return false }
    return bits & (1 << UInt64(bit)) != 0 && Self.isInInitialUserNamespace
  }

  /// By the fixed inode number of /proc/self/ns/user (PROC_USER_INIT_INO); true where there is no such file.
  static var isInInitialUserNamespace: Bool {
    var status = stat()
    guard unsafe stat("/proc/self/ns/user", &status) == 0 else { return true }
    return status.st_ino == 0xEFFF_FFFD
  }
}
