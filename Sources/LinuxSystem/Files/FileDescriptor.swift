internal import CLinux
internal import Glibc

/// An open file, closed at the end of its life.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The number, for calls inside a chunk.
  public let number: Int32

  /// Takes over an open descriptor.
  public init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  public struct Access: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let readOnly = Access([])
    public static let writeOnly = Access(rawValue: O_WRONLY)
    public static let readWrite = Access(rawValue: O_RDWR)
    /// Makes the file, mode 0600; it must not exist.
    public static let createNew = Access(rawValue: O_RDWR | O_CREAT | O_EXCL)
    /// Makes the file if there is none, to be read only.
    public static let createToRead = Access(rawValue: O_CREAT)
    /// Names a place only: nothing can be read, nothing happens to what is there.
    public static let pathOnly = Access(rawValue: 0o10000000)
    public static let directory = Access(rawValue: O_DIRECTORY)
    /// What was in it is gone (O_TRUNC).
    public static let empty = Access(rawValue: O_TRUNC)
    public static let followLinks = Access(rawValue: 1 << 30)
  }

  /// open(2), close-on-exec; a symbolic link as the last component is not followed unless asked (ELOOP), and a FIFO
  /// or terminal neither waited for nor made the controlling one. `mode`: of a file that is made.
  public static func open(_ path: String, _ access: Access, mode: UInt32 = 0o600) throws(Errno) -> FileDescriptor {
    try open(path, access, in: AT_FDCWD, mode: mode)
  }

  /// openat(2): the same from a directory on.
  static func open(
    _ path: String, _ access: Access, in directory: Int32, mode: UInt32 = 0o600
  ) throws(Errno) -> FileDescriptor {
    var flags = access.subtracting(.followLinks).rawValue | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
    if !access.contains(.followLinks) { flags |= O_NOFOLLOW }
    let number = unsafe openat(directory, path, flags, mode)
    if number == -1 { throw Errno.current }
    return FileDescriptor(owning: number)
  }

  /// memfd_create(2); `hugePageSize` in bytes, nil for base pages.
  public static func memory(_ name: String, hugePageSize: Int? = nil) throws(Errno) -> FileDescriptor {
    var number: Int32 = -1
    try Errno.check(unsafe clinux_memfd(name, hugePageSize ?? 0, &number))
    return FileDescriptor(owning: number)
  }

  /// Gives the number away, to whoever closes it.
  consuming func released() -> Int32 {
    let number = number
    discard self
    return number
  }

  /// Another number for what is open here, close-on-exec (fcntl(2), F_DUPFD_CLOEXEC).
  public func duplicate() throws(Errno) -> FileDescriptor {
    let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
    if copy == -1 { throw Errno.current }
    return FileDescriptor(owning: copy)
  }

  /// ftruncate(2), in bytes.
  public func resize(to bytes: Int) throws(Errno) {
    if ftruncate(number, bytes) == -1 { throw Errno.current }
  }

  /// flock(2), exclusive, not waiting; false when another open file has it. It goes with the last descriptor.
  public func lockExclusively() throws(Errno) -> Bool {
    if flock(number, LOCK_EX | LOCK_NB) == 0 { return true }
    let error = Errno.current
    if error == .tryAgain { return false }
    throw error
  }

  /// Locks it against everybody else who does so, not waiting; false when another open file has it. Unlike flock(2) it
  /// takes the right to write: who may only read the file can keep nobody away (fcntl(2), F_OFD_SETLK). It goes with the
  /// last descriptor.
  public func claim() throws(Errno) -> Bool {
    let error = clinux_claim(number)
    if error == EAGAIN || error == EACCES { return false }
    try Errno.check(error)
    return true
  }

  /// Whether it is only readers who keep it from being claimed: who has claimed it leaves no room for them.
  func isClaimedByReaders() throws(Errno) -> Bool {
    var byReader = false
    try Errno.check(unsafe clinux_claimed_by_reader(number, &byReader))
    return byReader
  }

  /// flock(2): lets others lock it.
  public func unlock() throws(Errno) {
    if flock(number, LOCK_UN) == -1 { throw Errno.current }
  }

  /// What is open here (fstat(2)).
  public func status() throws(Errno) -> FileStatus { try FileStatus(of: number) }

  /// Whether the kernel tells this process which pages the page cache has: to the file's owner, to who may write it, and
  /// to CAP_FOWNER; to anybody else mincore(2) says that all are there.
  public func tellsResidency() throws(Errno) -> Bool {
    var raw = stat()
    if unsafe fstat(number, &raw) == -1 { throw Errno.current }
    if raw.st_uid == geteuid() || (try? Capability.fileOwner.isEffective) == true { return true }
    return unsafe faccessat(AT_FDCWD, "/proc/self/fd/\(number)", W_OK, 0x200) == 0  // AT_EACCESS: as the effective user
  }

  /// The file system it lies on (fstatfs(2)).
  public func fileSystem() throws(Errno) -> FileSystemFacts {
    try FileSystemFacts.of(number)
  }
}

/// What fstat(2) tells.
public struct FileStatus: Sendable, Equatable {
  public enum Kind: String, Sendable {
    case regular = "regular file"
    case directory
    case fifo = "FIFO"
    case socket
    case symbolicLink = "symbolic link"
    case characterDevice = "character device"
    case blockDevice = "block device"
    case other = "special file"
  }
  public let kind: Kind
  /// In bytes.
  public let size: Int
  /// Bytes of memory or disk behind it.
  public let allocatedBytes: Int
  /// Device and inode: the file's identity.
  public let device: UInt64
  public let inode: UInt64
  /// The user whose it is.
  public let owner: UInt32
  /// Names that it has.
  public let names: Int
  /// Of a directory: who may write to it may still remove no name of another user's file.
  public let isSticky: Bool

  /// When its content, and when anything about it, was changed last.
  public let modified: Moment
  public let changed: Moment

  /// Of the file system's clock.
  public struct Moment: Sendable, Equatable {
    public let seconds: Int
    public let nanoseconds: Int

    init(_ raw: timespec) { (seconds, nanoseconds) = (raw.tv_sec, raw.tv_nsec) }
  }

  /// Of an open descriptor, whoever owns it.
  public init(of descriptor: Int32) throws(Errno) {
    var raw = stat()
    if unsafe fstat(descriptor, &raw) == -1 { throw Errno.current }
    self.init(raw)
  }

  init(_ raw: stat) {
    kind = Self.kind(raw.st_mode)
    // a file system of a user's own may say anything
    size = max(0, Int(raw.st_size))
    allocatedBytes = max(0, Int(raw.st_blocks) *| 512)
    device = UInt64(raw.st_dev)
    inode = UInt64(raw.st_ino)
    owner = raw.st_uid
    names = Int(raw.st_nlink)
    isSticky = raw.st_mode & S_ISVTX != 0
    modified = Moment(raw.st_mtim)
    changed = Moment(raw.st_ctim)
  }

  private static func kind(_ mode: mode_t) -> Kind {
    switch mode & S_IFMT {
    case S_IFREG: .regular
    case S_IFDIR: .directory
    case S_IFIFO: .fifo
    case S_IFSOCK: .socket
    case S_IFLNK: .symbolicLink
    case S_IFCHR: .characterDevice
    case S_IFBLK: .blockDevice
    default: .other
    }
  }

  public func isSameFile(as other: FileStatus) -> Bool { id == other.id }

  public var id: FileID { FileID(device: device, inode: inode) }
}

/// Which file it is, whatever it is called.
public struct FileID: Hashable, Sendable {
  public let device: UInt64
  public let inode: UInt64

  public init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }
}

/// What fstatfs(2) tells.
public struct FileSystemFacts: Sendable, Equatable {
  public enum Kind: String, Sendable {
    case hugetlbfs, tmpfs
    case ext = "ext4"
    case xfs, btrfs, proc
    case other = "unknown file system"
  }
  public let kind: Kind
  /// Whether cachestat(2) counts the pages that a reader gets. A file of an overlay, or of FUSE that passes through, has none
  /// of its own: they are those of the file beneath, of which mincore(2) tells and cachestat does not.
  public var ownsItsPages: Bool {
    switch kind {
    case .tmpfs, .ext, .xfs, .btrfs: true
    case .hugetlbfs, .proc, .other: false
    }
  }
  /// Bytes a block; on hugetlbfs the huge page size.
  public let blockSize: Int
  /// Free bytes, for anyone and for root; nil where the file system has no limit of its own.
  public let availableBytes: Int?
  public let freeBytes: Int?
  /// Bytes in use; nil where the file system has no limit of its own, and may not count them.
  public let usedBytes: Int?

  /// Of an open file.
  public static func of(_ descriptor: Int32) throws(Errno) -> FileSystemFacts {
    var raw = clinux_filesystem_facts()
    try Errno.check(unsafe clinux_filesystem_of(descriptor, &raw))
    return FileSystemFacts(raw)
  }

  private init(_ raw: clinux_filesystem_facts) {
    blockSize = Int(clamping: raw.block_size)
    let kind = Self.kind(raw.kind)
    // a pool has no pages of any other size
    self.kind = kind == .hugetlbfs && !MemoryInfo.isPageSize(blockSize) ? .other : kind
    let isLimited = raw.blocks > 0
    availableBytes = isLimited ? Int(clamping: raw.available_blocks) *| blockSize : nil
    freeBytes = isLimited ? Int(clamping: raw.free_blocks) *| blockSize : nil
    usedBytes = isLimited ? Int(clamping: raw.blocks - min(raw.blocks, raw.free_blocks)) *| blockSize : nil
  }

  private static func kind(_ raw: clinux_filesystem) -> Kind {
    switch raw {
    case CLINUX_FS_HUGETLBFS: .hugetlbfs
    case CLINUX_FS_TMPFS: .tmpfs
    case CLINUX_FS_EXT: .ext
    case CLINUX_FS_XFS: .xfs
    case CLINUX_FS_BTRFS: .btrfs
    case CLINUX_FS_PROC: .proc
    default: .other
    }
  }
}
