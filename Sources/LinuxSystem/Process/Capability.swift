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

  /// Whether the calling thread has it, be it in a user namespace of its own (capget(2)); nil: the kernel does not tell.
  var isHeld: Bool? {
    var bits: UInt64 = 0
    return unsafe clinux_effective_capabilities(&bits) == 0 ? bits & (1 << UInt64(bit)) != 0 : nil
  }

  /// Whether the calling thread has it where it lifts those limits: effective (capget(2)), and in the machine's
  /// own user namespace. Root of a container with users of its own has it in name only.
  public var isEffective: Bool {
    get throws(Unreadable) {
      var bits: UInt64 = 0
      let result = unsafe clinux_effective_capabilities(&bits)
      if result != 0 { throw Unreadable("capget(2)", Errno(result)) }
      if bits & (1 << UInt64(bit)) == 0 { return false }
      return try Self.isInInitialUserNamespace()
    }
  }

  /// By the fixed inode number of /proc/self/ns/user (PROC_USER_INIT_INO). A kernel that has no such namespaces has the
  /// directory and no such file in it.
  static func isInInitialUserNamespace() throws(Unreadable) -> Bool {
    let (directory, name) = ("/proc/self/ns", "user")
    let files = SystemFiles()
    if let inode = files.inode("\(directory)/\(name)") { return inode == 0xEFFF_FFFD }
    guard let names = try files.names(in: directory), !names.contains(name) else {
      throw Unreadable("\(directory)/\(name)", .isUnclear)
    }
    return true
  }
}
