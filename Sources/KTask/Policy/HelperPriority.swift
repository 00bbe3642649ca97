internal import LinuxSystem

// R8: at which nice value helpers run, and what keeps the caller from waiting for those that hardly get a CPU.

/// What bounds the time that a caller with nothing left to take waits for helpers that run below its priority.
public enum TailRule: String, Hashable, Sendable {
  /// The caller lends its nice value to one unfinished helper after the other.
  case lends
  /// It may not, or is not to: helpers take no chunk that, by the paces so far, the caller would have to wait for
  /// (`TailGuard`). It waits for one chunk of each at most.
  case retires
  /// Helpers run at the caller's own priority, or a higher one.
  case equals
}

/// The helpers' nice value and the rule of the tail.
public struct HelperPriority: Hashable, Sendable {
  /// What helpers run at.
  public var nice: Int
  /// What bounds the caller's wait for them.
  public var tail: TailRule

  public init(nice: Int, tail: TailRule) {
    self.nice = nice
    self.tail = tail
  }
}

extension Policy {
  /// `lowest`: the least nice value that threads of this process may be given (CAP_SYS_NICE, RLIMIT_NICE); one that a
  /// thread has already it may keep.
  public static func priority(
    wanted: Int, callersNice: Int, lowest: Int, isLending: Bool
  ) -> HelperPriority {
    let nice = wanted >= callersNice ? wanted : max(wanted, min(lowest, callersNice))
    if nice <= callersNice { return HelperPriority(nice: nice, tail: .equals) }
    return HelperPriority(nice: nice, tail: isLending && lowest <= callersNice ? .lends : .retires)
  }
}

extension TaskControl {
  /// What `run` would do with helpers now, for a client that prints its plan.
  public func priority() -> HelperPriority { priority(callersNice: callersNice(), lowest: Priority.lowestNice) }

  /// Ends the process's helpers that wait for a next task (`lingering`), at the calling thread's nice value where it may be lent,
  /// and returns when they are gone. For a program that is about to end, or to become another by execve(2): the kernel waits there for
  /// every thread, and one that sleeps at nice 19 hardly gets a CPU to end on beside others that are busy.
  public static func endIdleHelpers() { HelperPool.shared.endIdle(lending: try? Priority.nice()) }

  /// Who does not know its own nice value lends nothing.
  func priority(callersNice: Int?, lowest: Int) -> HelperPriority {
    guard let callersNice else { return HelperPriority(nice: helpersNice, tail: .retires) }
    return Policy.priority(wanted: helpersNice, callersNice: callersNice, lowest: lowest, isLending: lendsPriority)
  }

  /// nil: the kernel does not tell.
  func callersNice() -> Int? { try? Priority.nice() }
}
