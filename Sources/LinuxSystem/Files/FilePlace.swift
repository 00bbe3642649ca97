internal import CLinux
internal import Glibc

/// Where a file's name is: its directory, opened once, and the name in it. Whoever exchanges what lies on the way to the
/// directory afterwards changes nothing for us: every look at the name, and every change of it, goes through the descriptor.
public struct FilePlace: ~Copyable, Sendable {
  let directory: FileDescriptor
  /// The last component of the path.
  let name: String
  /// A directory of /proc, whose links lead straight to what a process has open: /proc/PID/fd.
  private let isOfProc: Bool
  /// The same, and nobody's link led there: a user who could put one into a path would choose which of our own
  /// descriptors we take for the file.
  public let isMagic: Bool

  /// Opens the directory that the name is in, following links to it as any program does (open(2), O_PATH).
  public init(_ path: String) throws(Errno) { try self.init(path, from: AT_FDCWD) }

  private init(_ path: String, from start: Int32) throws(Errno) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let name = String(path[(slash.map { path.utf8.index(after: $0) } ?? path.startIndex)...])
    if name.isEmpty { throw path.isEmpty ? .noEntry : .isDirectory }
    let folder = LinuxSystem.directory(of: path)
    var (number, isStraight): (Int32, Bool) = (-1, false)
    try Errno.check(unsafe clinux_open_directory(start, folder, &number, &isStraight))
    let directory = FileDescriptor(owning: number)
    let isOfProc = try directory.fileSystem().kind == .proc
    self.init(directory, name, isOfProc: isOfProc, isMagic: isOfProc && isStraight)
  }

  init(_ directory: consuming FileDescriptor, _ name: String, isOfProc: Bool = false, isMagic: Bool = false) {
    self.directory = directory
    self.name = name
    self.isOfProc = isOfProc
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

  /// Whether what the name means has attributes that somebody gave it, access control lists among them; nothing is opened.
  public func hasAttributes() throws(Errno) -> Bool {
    var has = false
    try Errno.check(unsafe clinux_name_has_attributes(directory.number, name, &has))
    return has
  }

  /// The group that a file gets which is made here: the directory's where that has it so (S_ISGID), else the caller's.
  public func groupOfNew() throws(Errno) -> UInt32 {
    let status = try directory.status()
    return status.mode & 0o2000 != 0 ? status.group : getegid()
  }

  /// The number of the mount that the directory lies on; nil: the kernel does not tell.
  public var mount: UInt64? { directory.mount }

  /// The name as the kernel takes it.
  public var nameBytes: [UInt8] { Array(name.utf8) }

  /// The file system that a file made here would be on.
  public func fileSystem() throws(Errno) -> FileSystemFacts { try directory.fileSystem() }

  /// Names what is there, whatever it is, and does nothing to it: no FIFO is waited for and no device begun
  /// (openat(2), O_PATH). A link of /proc is followed, no other.
  public func look() throws(Errno) -> FileDescriptor {
    try open(isMagic ? [.pathOnly, .followLinks] : .pathOnly)
  }

  /// `look`; nil where there is nothing of that name.
  public func lookIfAny() throws(Errno) -> Owned<FileDescriptor>? {
    do throws(Errno) {
      return Owned(try look())
    } catch .noEntry {
      return nil
    }
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

  /// Makes a file that has no name yet; nil where there are none (openat(2), O_TMPFILE).
  public func createNameless() -> Owned<FileDescriptor>? {
    var number: Int32 = -1
    return unsafe clinux_open_nameless(directory.number, &number) == 0 ? Owned(FileDescriptor(owning: number)) : nil
  }

  /// Gives one the name; EEXIST: something else has it; ENOENT: there is no /proc to name it by (linkat(2)).
  public func giveName(to file: borrowing FileDescriptor) throws(Errno) {
    try Errno.check(unsafe clinux_give_name(file.number, directory.number, name))
  }

  private func open(_ access: FileDescriptor.Access) throws(Errno) -> FileDescriptor {
    try FileDescriptor.open(name, access, in: directory.number)
  }
}

extension FilePlace {
  /// Removes the name, if it still means that file; ESTALE where it does not (unlinkat(2)).
  public func remove(_ file: FileStatus) throws(Errno) {
    if try !status().isSameFile(as: file) { throw .stale }
    if unsafe unlinkat(directory.number, name, 0) == -1 { throw Errno.current }
  }

  /// Whether `remove` would be refused: EACCES, EROFS, or EPERM for a file and a sticky directory of others, for what chattr(1)
  /// has locked, and for a link of /proc; EBUSY for what something is mounted on.
  public func checkRemoval(of file: borrowing FileDescriptor) throws(Errno) {
    if isOfProc { throw .permission }
    try checkMaking()
    let (parent, own) = (try directory.status(), try file.status())
    let isOurs = [parent.owner, own.owner].contains(geteuid())
    if parent.isSticky && !isOurs && Capability.fileOwner.isHeld != true { throw .permission }
    if directory.isUnremovable || file.isUnremovable { throw .permission }
    if let here = directory.mount, let there = file.mount, here != there { throw .busy }
  }

  /// Whether a name could be made or removed here, as far as rights go (faccessat(2)).
  public func checkMaking() throws(Errno) {
    if unsafe faccessat(directory.number, ".", W_OK | X_OK, AT_EACCESS) == -1 { throw Errno.current }
  }

  /// EACCES for what another user but root has put where everybody may put something, as proc(5)'s protected_fifos says: who
  /// opens it might wait for that user.
  public func checkOwner(of found: borrowing FileDescriptor) throws(Errno) {
    let (parent, owner) = (try directory.status(), try found.status().owner)
    if parent.isSticky && ![0, geteuid(), parent.owner].contains(owner) { throw .access }
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

extension FilePlace {
  /// The place that a symbolic link which `look` found here leads to (readlinkat(2)). EACCES for a link of another user but
  /// root, wherever it is: proc(5)'s protected_symlinks keep to that where everybody may put one. ELOOP for a link of /proc
  /// that another link led to.
  func target(of link: borrowing FileDescriptor) throws(Errno) -> FilePlace {
    if isOfProc { throw .loop }
    if try ![0, geteuid()].contains(link.status().owner) { throw .access }
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlinkat(link.number, "", &bytes, bytes.count)
    if count == -1 { throw .current }
    if count == bytes.count { throw .nameTooLong }
    // as a string of other letters it would lead elsewhere
    guard let path = String(validating: bytes.prefix(count), as: UTF8.self) else { throw .notText }
    return try FilePlace(path, from: directory.number)
  }

  /// The number of the one of this process's own descriptors that the name is for.
  var ownDescriptor: Int32? {
    get throws(Errno) {
      guard isMagic, let number = Int32(name) else { return nil }
      let own = try FileDescriptor.open("/proc/self/fd", [.pathOnly, .directory])
      return try directory.status().isSameFile(as: own.status()) ? number : nil
    }
  }

  /// Makes a new file beside the name, for writing, with what umask(2) leaves of `mode` (openat(2), O_EXCL).
  func makeBeside(_ temporary: String, mode: UInt32) throws(Errno) -> FileDescriptor {
    try FileDescriptor.open(temporary, .createNew, in: directory.number, mode: mode)
  }

  /// Gives what was made beside it the name (renameat(2)).
  func take(from temporary: String) throws(Errno) {
    if unsafe renameat(directory.number, temporary, directory.number, name) == -1 { throw Errno.current }
  }

  /// Removes what was made beside it, if it is still called that (unlinkat(2)).
  func removeBeside(_ temporary: String) { _ = unsafe unlinkat(directory.number, temporary, 0) }
}

extension FileDescriptor {
  /// The number of the mount that it lies on; nil: the kernel does not tell (statx(2), Linux 5.8).
  var mount: UInt64? {
    var number: UInt64 = 0
    return unsafe clinux_mount_of(self.number, &number) == 0 ? number : nil
  }

  /// Immutable, or only to be appended to (statx(2)): no name of it, and none in it, can be removed.
  fileprivate var isUnremovable: Bool { clinux_is_unremovable(number) }
}
