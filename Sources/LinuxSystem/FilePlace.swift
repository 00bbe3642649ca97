internal import CLinux
internal import Glibc

/// Where a file's name is: its directory, opened once, and the name in it. Whoever exchanges what lies on the way to the
/// directory afterwards changes nothing for us: every look at the name, and every change of it, goes through the descriptor.
public struct FilePlace: ~Copyable, Sendable {
  private let directory: FileDescriptor
  /// The last component of the path.
  private let name: String
  /// A directory of /proc, whose links lead straight to what a process has open: /proc/PID/fd.
  public let isMagic: Bool

  /// Opens the directory that the name is in, following links to it as any program does (open(2), O_PATH).
  public init(_ path: String) throws(Errno) {
    let bytes = path.utf8
    let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
    let start = slash.map { bytes.index(after: $0) } ?? bytes.startIndex
    let folder = slash.map { $0 == bytes.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let directory = try FileDescriptor.open(folder, [.pathOnly, .directory, .followLinks])
    let isMagic = try directory.fileSystem().kind == .proc
    self.init(directory, name: String(path[start...]), isMagic: isMagic)
  }

  private init(_ directory: consuming FileDescriptor, name: String, isMagic: Bool) {
    self.directory = directory
    self.name = name
    self.isMagic = isMagic
  }

  /// What the name means now; a symbolic link is one (fstatat(2)).
  public func status() throws(Errno) -> FileStatus {
    var raw = stat()
    if unsafe fstatat(directory.number, name, &raw, AT_SYMLINK_NOFOLLOW) == -1 { throw Errno.current }
    return FileStatus(raw)
  }

  /// The directory itself.
  public func directoryStatus() throws(Errno) -> FileStatus { try directory.status() }

  /// The file system that a file made here would be on.
  public func fileSystem() throws(Errno) -> FileSystemFacts { try directory.fileSystem() }

  /// Names what is there, whatever it is, and does nothing to it: no FIFO is waited for and no device begun
  /// (openat(2), O_PATH). A link of /proc is followed, no other.
  public func look() throws(Errno) -> FileDescriptor {
    try open(isMagic ? [.pathOnly, .followLinks] : .pathOnly)
  }

  /// Opens for real what `look` found.
  public func open(_ found: borrowing FileDescriptor, _ access: FileDescriptor.Access) throws(Errno) -> FileDescriptor {
    do throws(Errno) {
      return try FileDescriptor.open("/proc/self/fd/\(found.number)", access.union(.followLinks))
    } catch .noEntry {
      // without /proc by its name, which may mean something else by now
      let file = try open(isMagic ? access.union(.followLinks) : access)
      if try !file.status().isSameFile(as: found.status()) { throw .stale }
      return file
    }
  }

  /// Makes the file, mode 0600; EEXIST: there is one (openat(2), O_EXCL).
  public func create() throws(Errno) -> FileDescriptor { try open(.createNew) }

  private func open(_ access: FileDescriptor.Access) throws(Errno) -> FileDescriptor {
    try FileDescriptor.open(name, access, in: directory.number)
  }

  /// Removes the name, if it still means that file; ESTALE where it does not (unlinkat(2)).
  public func remove(_ file: FileStatus) throws(Errno) {
    if try !status().isSameFile(as: file) { throw .stale }
    if unsafe unlinkat(directory.number, name, 0) == -1 { throw Errno.current }
  }

  /// Whether `remove` would be refused: EACCES, EROFS, or EPERM for a file and a sticky directory of others, and for a link of
  /// /proc; EBUSY for what something is mounted on.
  public func checkRemoval(of file: borrowing FileDescriptor) throws(Errno) {
    if isMagic { throw .permission }
    try checkMaking()
    var (parent, own) = (stat(), stat())
    guard unsafe fstat(directory.number, &parent) == 0, unsafe fstat(file.number, &own) == 0 else {
      throw Errno.current
    }
    let isSticky = parent.st_mode & S_ISVTX != 0 && geteuid() != 0
    if isSticky && ![parent.st_uid, own.st_uid].contains(geteuid()) { throw .permission }
    if let here = directory.mount, let there = file.mount, here != there { throw .busy }
  }

  /// Whether a name could be made or removed here, as far as rights go (faccessat(2)).
  public func checkMaking() throws(Errno) {
    if unsafe faccessat(directory.number, ".", W_OK | X_OK, AT_EACCESS) == -1 { throw Errno.current }
  }

  /// Whether the file could be opened for writing, as far as rights go (faccessat(2)); nothing is opened for it.
  public func checkWriting(_ file: borrowing FileDescriptor) throws(Errno) {
    // as the effective user
    if unsafe faccessat(AT_FDCWD, "/proc/self/fd/\(file.number)", W_OK, AT_EACCESS) == 0 { return }
    if Errno.current != .noEntry { throw Errno.current }
    let flags = AT_EACCESS | (isMagic ? 0 : AT_SYMLINK_NOFOLLOW)
    if unsafe faccessat(directory.number, name, W_OK, flags) == -1 { throw Errno.current }
  }
}

extension FileDescriptor {
  /// The number of the mount that it lies on; nil: the kernel does not tell (statx(2), Linux 5.8).
  fileprivate var mount: UInt64? {
    var number: UInt64 = 0
    return unsafe clinux_mount_of(self.number, &number) == 0 ? number : nil
  }
}
