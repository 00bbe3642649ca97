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
  @inlinable
  public static func ofThread() -> UInt64 { clinux_thread_ns() }

  /// The time of day in UTC, to the second, as RFC 3339 writes it: "2026-11-27T02:08:00Z" (time(2), gmtime_r(3), strftime(3)).
  /// nil: the clock shows no time that a calendar has.
  public static func date() -> String? { date(Int(time(nil))) }

  /// The same of so many seconds since 1970.
  public static func date(_ seconds: Int) -> String? {
    var moment = time_t(seconds)
    var fields = unsafe tm()
    if unsafe gmtime_r(&moment, &fields) == nil { return nil }
    var text = [CChar](repeating: 0, count: 32)
    let length = unsafe strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &fields)
    return String(validating: text.prefix(length), as: UTF8.self)
  }

  /// Lets time pass (usleep(3)); a signal may end it early.
  public static func sleep(milliseconds: Int) { usleep(UInt32(clamping: milliseconds *| 1000)) }
}
