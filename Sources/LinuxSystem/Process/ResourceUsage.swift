internal import CLinux

/// CPU time in seconds.
public struct ResourceUsage: Sendable, Equatable {
  /// Spent in the program's own code.
  public let userSeconds: Double
  /// Spent in the kernel on the program's behalf.
  public let systemSeconds: Double

  public init(userSeconds: Double, systemSeconds: Double) {
    self.userSeconds = userSeconds
    self.systemSeconds = systemSeconds
  }

  /// What all threads of the process, the ended ones too, have used so far (getrusage(2), RUSAGE_SELF).
  public static func current() throws(Unreadable) -> ResourceUsage {
    var user: UInt64 = 0
    var system: UInt64 = 0
    let result = unsafe clinux_cpu_time(&user, &system)
    if result != 0 { throw Unreadable("getrusage(2)", Errno(result)) }
    return ResourceUsage(userSeconds: Double(user) / 1e6, systemSeconds: Double(system) / 1e6)
  }

  /// What was used between two moments.
  public static func - (later: ResourceUsage, earlier: ResourceUsage) -> ResourceUsage {
    ResourceUsage(
      userSeconds: later.userSeconds - earlier.userSeconds,
      systemSeconds: later.systemSeconds - earlier.systemSeconds)
  }

  /// What two spans of time used together.
  public static func + (one: ResourceUsage, other: ResourceUsage) -> ResourceUsage {
    ResourceUsage(
      userSeconds: one.userSeconds + other.userSeconds, systemSeconds: one.systemSeconds + other.systemSeconds)
  }
}
