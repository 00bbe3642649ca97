public import CLinux
internal import Glibc

/// An io_uring that is there for the buffers registered with it; closed at the end of its life.
public struct BufferRing: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  /// The descriptor's number, for calls inside a chunk.
  public var number: Int32 { descriptor.number }

  /// Bytes of the largest buffer that the kernel takes; a larger one is EFAULT.
  public static let largestBuffer = 1 << 30
  /// Buffers of a ring (IORING_MAX_REG_BUFFERS).
  public static let mostPlaces = 1 << 14

  /// What a ring itself counts as locked memory at most: two pages from Linux 6.14 on, where its own memory is counted.
  public static var lockedBytes: Int {
    let countsNothing = (try? KernelVersion.current()).map { !$0.isAtLeast(6, 14) } ?? false
    return countsNothing ? 0 : 2 * MemoryInfo.basePageSize
  }

  /// A ring with so many empty places for buffers (io_uring_setup(2), IORING_REGISTER_BUFFERS).
  /// EPERM: `restriction`, or a filter of system calls; ENOMEM: beyond RLIMIT_MEMLOCK, without CAP_IPC_LOCK; EMFILE: too
  /// many descriptors; EFAULT: a kernel before 5.13.
  public static func make(places: Int) throws(Errno) -> BufferRing {
    var number: Int32 = -1
    try Errno.check(unsafe clinux_uring_setup(&number))
    let ring = BufferRing(descriptor: FileDescriptor(owning: number))
    try Errno.check(clinux_uring_make_places(number, UInt32(places)))
    return ring
  }

  /// To whom the kernel is set to give rings.
  public enum Restriction: Equatable, Sendable {
    /// To nobody.
    case everybody
    /// To CAP_SYS_ADMIN and to one group; nil: to no group.
    case allButGroup(Int?)
  }

  /// What keeps rings from this process, by the kernel's settings (kernel.io_uring_disabled, since Linux 6.6); nil: nothing
  /// that they say.
  public static func restriction(_ files: SystemFiles = SystemFiles()) -> Restriction? {
    restriction(files, isAdministrator: (try? Capability.sysAdmin.isEffective) == true, groups: ownGroups())
  }

  static func restriction(_ files: SystemFiles, isAdministrator: Bool, groups: [Int]) -> Restriction? {
    switch files.integer("/proc/sys/kernel/io_uring_disabled") {
    case 2: return .everybody
    case 1:
      let group = files.integer("/proc/sys/kernel/io_uring_group").flatMap { $0 < 0 ? nil : $0 }
      let isMember = group.map(groups.contains) ?? false
      return isAdministrator || isMember ? nil : .allButGroup(group)
    default: return nil
    }
  }

  private static func ownGroups() -> [Int] {
    var groups = [gid_t](repeating: 0, count: Int(max(0, getgroups(0, nil))))
    let count = unsafe getgroups(Int32(groups.count), &groups)
    return (groups.prefix(Int(max(0, count))) + [getegid()]).map(Int.init)
  }

  /// Registers memory at a place that is empty, which pins it (IORING_REGISTER_BUFFERS_UPDATE).
  /// ENOMEM: beyond RLIMIT_MEMLOCK, without CAP_IPC_LOCK.
  @inlinable
  public static func register(_ ring: Int32, _ place: Int, _ address: UInt, _ length: Int) throws(Errno) {
    try Errno.check(clinux_uring_set_buffer(ring, UInt32(place), address, length))
  }

  /// Empties a place; some kernels unpin its pages a little later, or in `dropAll` at the latest.
  @inlinable
  public static func empty(_ ring: Int32, _ place: Int) throws(Errno) {
    try Errno.check(clinux_uring_set_buffer(ring, UInt32(place), 0, 0))
  }

  /// Unregisters every buffer (IORING_UNREGISTER_BUFFERS). Closing alone would unpin some time later.
  public func dropAll() throws(Errno) { try Errno.check(clinux_uring_drop_buffers(number)) }
}
