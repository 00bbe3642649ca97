internal import CLinux
internal import Glibc

/// The memory that a program needs for itself, asked for in plain calls that allocate nothing.
public enum OwnMemory {
  /// What a program cannot live under.
  public enum Obstacle: Sendable {
    /// RLIMIT_STACK.
    case stack
    /// RLIMIT_AS.
    case addressSpace
    /// RLIMIT_DATA.
    case data
    /// The machine, or a control group, has none left.
    case shortage
  }

  /// Begins to measure anew how much of it is resident at most (proc(5), clear_refs 5); false where the kernel does not.
  public static func resetPeak() -> Bool {
    do throws(Errno) {
      let file = try FileDescriptor.open("/proc/self/clear_refs", .writeOnly)
      return unsafe write(file.number, "5", 1) == 1
    } catch {
      return false
    }
  }

  /// The most that has been resident since then, in bytes, pages of pools apart (VmHWM); nil where the kernel does not tell.
  public static func peak(_ files: SystemFiles = SystemFiles()) -> Int? {
    try? KilobyteFields("/proc/self/status", files).demand("VmHWM")
  }

  /// Whether so much could be allocated at present.
  public static func hasHeap(_ bytes: Int) -> Bool { clinux_demand_heap(bytes) == 0 }

  /// Keeps so many bytes of heap from now on, for all threads: what is allocated within them cannot fail. Looks whether
  /// the main thread's stack may grow so far. nil: all is well.
  public static func secure(heap: Int, stack: Int) -> Obstacle? {
    var (soft, hard) = (UInt64.max, UInt64.max)
    // not told: no limit that could be named
    if unsafe clinux_resource_limit(CLINUX_RLIMIT_STACK, &soft, &hard) == 0, soft < UInt64(stack) { return .stack }
    if clinux_keep_heap(heap) == 0 { return nil }
    switch clinux_limit_against(heap) {
    case CLINUX_RLIMIT_AS: return .addressSpace
    case CLINUX_RLIMIT_DATA: return .data
    default: return .shortage
    }
  }
}
