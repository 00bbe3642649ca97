internal import CLinux

/// Nice values, thread by thread: Linux has them for threads where POSIX has them for processes (setpriority(2)).
public enum Priority {
  /// The highest priority there is, and the lowest.
  public static let least = -20
  public static let most = 19

  /// A thread's nice value; 0 stands for the calling one.
  public static func nice(ofThread thread: Int = 0) throws(Errno) -> Int {
    var nice: Int32 = 0
    try Errno.check(unsafe clinux_nice_get(Int32(thread), &nice))
    return Int(nice)
  }

  /// Gives a thread of this process a nice value. EACCES: a lower one than it may have without CAP_SYS_NICE.
  public static func setNice(_ nice: Int, ofThread thread: Int = 0) throws(Errno) {
    try Errno.check(clinux_nice_set(Int32(thread), Int32(nice)))
  }

  /// The least nice value that this process may give to its threads: any with CAP_SYS_NICE, else what RLIMIT_NICE says.
  /// A thread may always keep the value that it has, even below this. What cannot be read allows nothing: that a
  /// value cannot be lent costs a little speed, and that one cannot be taken back all of it.
  public static var lowestNice: Int {
    let limit = (try? ResourceLimit.of(.nice)) ?? ResourceLimit(soft: 0, hard: 0)
    return lowestNice(limit: limit.soft, isCapable: (try? Capability.sysNice.isEffective) == true)
  }

  /// `limit`: RLIMIT_NICE, 20 less the nice value; nil for none.
  public static func lowestNice(limit: Int?, isCapable: Bool) -> Int {
    guard let limit, !isCapable else { return least }
    return min(most + 1, max(least, 20 - limit))
  }
}
