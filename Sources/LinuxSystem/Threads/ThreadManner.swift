internal import CLinux

/// Where a thread's memory comes from, and with which priority it reads and writes (get_mempolicy(2), ioprio_get(2)).
public struct ThreadManner: Sendable {
  private var raw = clinux_manner()

  /// The calling thread's. What the kernel does not tell, because a container keeps the call from this process, is left alone by
  /// `take`.
  public static func current() -> ThreadManner {
    var manner = ThreadManner()
    unsafe clinux_manner_get(&manner.raw)
    return manner
  }

  private init() {}

  /// Gives the calling thread, which has `own`, what it lacks of this, as far as it is allowed to. Allocates nothing; asks the kernel
  /// nothing where both are alike.
  public func take(from own: inout ThreadManner) {
    var wanted = raw
    unsafe clinux_manner_take(&wanted, &own.raw)
  }
}

/// How a thread's CPU time is reckoned beside its nice value: one of SCHED_OTHER, SCHED_BATCH and SCHED_IDLE.
public struct SchedulingClass: Hashable, Sendable {
  let number: Int32

  /// The calling thread's; SCHED_OTHER for one of the real-time policies, which have no nice value (sched_getscheduler(2)).
  public static func current() -> SchedulingClass { SchedulingClass(number: clinux_scheduling_class()) }

  /// SCHED_IDLE: runs where nothing else wants to.
  public static let idle = SchedulingClass(number: 5)

  /// Gives it to the calling thread; those that it starts from now on have it, too (sched_setscheduler(2)).
  public func take() throws(Errno) { try Errno.check(clinux_set_scheduling_class(number)) }
}
