public import CLinux
internal import Glibc

/// The clock that times are measured with.
public enum Clock {
  /// Nanoseconds of CLOCK_MONOTONIC (clock_gettime(2)). Allocates nothing and takes no lock.
  @inlinable
  public static func now() -> UInt64 { clinux_monotonic_ns() }

  /// Nanoseconds since then; 0 where the clock cannot be read any more.
  @inlinable
  public static func since(_ began: UInt64) -> UInt64 {
    let now = now()
    return now > began ? now - began : 0
  }

  /// Nanoseconds that the calling thread has had of a CPU (CLOCK_THREAD_CPUTIME_ID): on a busy machine it waits for nobody.
  public static func ofThread() -> UInt64 { clinux_thread_ns() }

  /// Lets time pass (usleep(3)); a signal may end it early.
  public static func sleep(milliseconds: Int) { usleep(UInt32(clamping: milliseconds *| 1000)) }
}
