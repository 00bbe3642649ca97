internal import CLinux
internal import Glibc

/// An open file, closed at the end of its life.
@frozen
public struct FileDescriptor: ~Copyable, Sendable {
  /// The number, for calls inside a chunk.
  public let number: Int32

  /// Takes over an open descriptor.
  public init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  /// How a file is opened: flags of open(2), and what they leave out.
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
    /// Makes the file if there is none, to be read and written.
    public static let createToKeep = Access(rawValue: O_RDWR | O_CREAT)
    /// Names a place only: nothing can be read, nothing happens to what is there.
    public static let pathOnly = Access(rawValue: 0o10000000)
    /// Fails where it is none (ENOTDIR).
    public static let directory = Access(rawValue: O_DIRECTORY)
    /// What was in it is gone (O_TRUNC).
    public static let empty = Access(rawValue: O_TRUNC)
    /// A symbolic link as the last component, too; no flag of open(2).
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

  /// The same open file at a high number, where there is one to be had.
  consuming func raised() -> FileDescriptor {
    var high: Int32 = -1
    return unsafe clinux_duplicate_high(number, &high) == 0 ? FileDescriptor(owning: high) : self
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
    do throws(Errno) {
      try Errno.check(clinux_claim(number))
      return true
    } catch {
      if error == .tryAgain || error == .access { return false }
      throw error
    }
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

  /// Whether it has attributes that somebody gave it, access control lists among them (flistxattr(2)).
  public func hasAttributes() throws(Errno) -> Bool {
    var has = false
    try Errno.check(unsafe clinux_has_attributes(number, &has))
    return has
  }

  /// Whether seals keep everybody from mapping it to be written; false for what has no seals (fcntl(2), F_GET_SEALS).
  public var isSealedAgainstWriting: Bool {
    var forbids = false
    return unsafe clinux_forbids_writing(number, &forbids) == 0 && forbids
  }

  /// Whether the kernel tells this process which pages the page cache has: to the file's owner, to who may write it, and
  /// to CAP_FOWNER; to anybody else mincore(2) says that all are there.
  public func tellsResidency() throws(Errno) -> Bool { try Self.tellsResidency(of: number) }

  /// The same of an open descriptor, whoever owns it.
  public static func tellsResidency(of number: Int32) throws(Errno) -> Bool {
    var raw = stat()
    if unsafe fstat(number, &raw) == -1 { throw Errno.current }
    if raw.st_uid == geteuid() || (try? Capability.fileOwner.isEffective) == true { return true }
    return unsafe faccessat(AT_FDCWD, "/proc/self/fd/\(number)", W_OK, AT_EACCESS) == 0
  }

  /// The file system it lies on (fstatfs(2)).
  public func fileSystem() throws(Errno) -> FileSystemFacts {
    try FileSystemFacts.of(number)
  }
}

/// Whose a file is to be, and who may do what with it. Of what is nil it has what it has.
public struct FileRights: Equatable, Sendable {
  /// By number.
  public var user: UInt32?
  public var group: UInt32?
  /// Permission bits, as chmod(2) has them.
  public var mode: UInt32?

  public init(user: UInt32? = nil, group: UInt32? = nil, mode: UInt32? = nil) {
    self.user = user
    self.group = group
    self.mode = mode
  }
}

extension FileDescriptor {
  /// Gives what is open here to a user, a group or both (fchown(2)). EPERM: only root gives files away.
  public func setOwner(_ rights: FileRights) throws(Errno) {
    if rights.user == nil && rights.group == nil { return }
    // the largest number stands for what stays as it is
    if fchown(number, rights.user ?? .max, rights.group ?? .max) == -1 { throw .current }
  }

  /// fchmod(2): umask(2) has no say in it.
  public func setMode(_ rights: FileRights) throws(Errno) {
    if let mode = rights.mode, fchmod(number, mode) == -1 { throw .current }
  }
}
