public import CLinux

/// Tells a forked child from its parent, whose memory it has a copy of, but none of its other threads.
public enum Generation {
  /// This process's: another one than of each process that it was forked from. Never 0, below 2^31. Allocates nothing, takes no
  /// lock and mostly asks no kernel.
  @inlinable public static var current: UInt32 { clinux_generation() }
}
