internal import CLinux

/// One of the process's resource limits (getrlimit(2)).
public struct ResourceLimit: Sendable, Equatable {
  /// What is limited, and in which unit.
  public enum Resource: Sendable, CaseIterable {
    /// RLIMIT_MEMLOCK: bytes locked or pinned.
    case lockedMemory
    /// RLIMIT_FSIZE: a file's bytes.
    case fileSize
    /// RLIMIT_AS: bytes of address space.
    case addressSpace
    /// RLIMIT_DATA: bytes of private writable mappings.
    case data
    /// RLIMIT_NPROC: the user's threads.
    case processes
    /// RLIMIT_NICE: 20 less the lowest nice value that the process may give itself.
    case nice
    /// RLIMIT_NOFILE: open descriptors.
    case openFiles
  }

  /// The limit that holds; nil for none.
  public let soft: Int?
  /// How far the process may raise it; nil for any height.
  public let hard: Int?

  public init(soft: Int?, hard: Int?) {
    self.soft = soft
    self.hard = hard
  }

  /// The process's limit on `resource` now.
  public static func of(_ resource: Resource) throws(Unreadable) -> ResourceLimit {
    var soft = UInt64.max
    var hard = UInt64.max
    let result = unsafe clinux_resource_limit(resource.number, &soft, &hard)
    if result != 0 { throw Unreadable(resource.name, Errno(result)) }
    // No limit is UInt64.max, which is no Int either.
    return ResourceLimit(soft: Int(exactly: soft), hard: Int(exactly: hard))
  }
}

extension ResourceLimit.Resource {
  /// As getrlimit(2) writes it.
  public var name: String {
    switch self {
    case .lockedMemory: "RLIMIT_MEMLOCK"
    case .fileSize: "RLIMIT_FSIZE"
    case .addressSpace: "RLIMIT_AS"
    case .data: "RLIMIT_DATA"
    case .processes: "RLIMIT_NPROC"
    case .nice: "RLIMIT_NICE"
    case .openFiles: "RLIMIT_NOFILE"
    }
  }

  fileprivate var number: Int32 {
    switch self {
    case .lockedMemory: CLINUX_RLIMIT_MEMLOCK
    case .fileSize: CLINUX_RLIMIT_FSIZE
    case .addressSpace: CLINUX_RLIMIT_AS
    case .data: CLINUX_RLIMIT_DATA
    case .processes: CLINUX_RLIMIT_NPROC
    case .nice: CLINUX_RLIMIT_NICE
    case .openFiles: CLINUX_RLIMIT_NOFILE
    }
  }
}
