internal import Glibc

/// What fstat(2) tells.
public struct FileStatus: Sendable, Equatable {
  /// The kinds of files; the raw values are words for people.
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
  public let group: UInt32
  /// Permission bits, as chmod(2) has them.
  public let mode: UInt32
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
    group = raw.st_gid
    mode = raw.st_mode & 0o7777
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

  /// Whether it is root's, or of the user that this process acts for (geteuid(2)).
  public var isRootsOrOurs: Bool { [0, geteuid()].contains(owner) }

  /// Whether both are of one file, whatever it was called.
  public func isSameFile(as other: FileStatus) -> Bool { id == other.id }

  /// Which file it is.
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
