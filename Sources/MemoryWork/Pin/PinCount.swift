internal import LinuxSystem

/// What the kernel counts of this process as locked and pinned (VmLck, VmPin), from one look to the next.
struct PinCount {
  private let before = Self.look()

  private static func look() -> Fact<ProcessStatus> { asking { () throws(Unreadable) in try ProcessStatus.current() } }

  /// Bytes more than at the first look.
  func grown() -> Fact<(locked: Int, pinned: Int)> {
    before.flatMap { before in
      Self.look().map { ($0.lockedBytes - before.lockedBytes, $0.pinnedBytes - before.pinnedBytes) }
    }
  }
}
