public import CLinux

/// The clock that times are measured with.
public enum Clock {
  /// Nanoseconds of CLOCK_MONOTONIC (clock_gettime(2)). Allocates nothing and takes no lock.
  @inlinable
  public static func now() -> UInt64 { clinux_monotonic_ns() }
}
