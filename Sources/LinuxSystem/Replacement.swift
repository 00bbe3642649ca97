internal import Glibc

/// A new file that is written beside an old one and then takes its name: whatever fails in between, the old one stays as
/// it is. The name of the new one is gone at the end of its life at the latest.
public struct Replacement: ~Copyable {
  private let directory: FileDescriptor
  private let name: String
  private let temporary: String
  private let file: FileDescriptor

  /// Makes the new file, in the directory of the old one, if there is one, and with its mode and owner as far as it may;
  /// else with mode 0600 (openat(2), O_EXCL).
  public init(of path: String) throws(Errno) {
    let folder = try FileDescriptor.open(LinuxSystem.directory(of: path), [.pathOnly, .directory, .followLinks])
    let temporary = ".ktaskctl-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let file = try Self.make(temporary, in: folder)
    self.init(folder, lastComponent(of: path), temporary, file)
    takeOverRights()
  }

  private init(
    _ directory: consuming FileDescriptor, _ name: String, _ temporary: String, _ file: consuming FileDescriptor
  ) {
    self.directory = directory
    self.name = name
    self.temporary = temporary
    self.file = file
  }

  deinit { unsafe unlinkat(directory.number, temporary, 0) }

  /// write(2), all of it.
  public func write(_ text: String) throws(Errno) { try file.writeAll(Array(text.utf8)[...]) }

  /// Gives it the name (renameat(2)).
  public consuming func commit() throws(Errno) {
    try file.flush()
    if unsafe renameat(directory.number, temporary, directory.number, name) == -1 { throw Errno.current }
  }

  private static func make(_ name: String, in directory: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let number = unsafe openat(directory.number, name, flags, 0o600)
    if number == -1 { throw Errno.current }
    return FileDescriptor(owning: number)
  }

  private func takeOverRights() {
    var old = stat()
    guard unsafe fstatat(directory.number, name, &old, AT_SYMLINK_NOFOLLOW) == 0 else { return }
    // a file of another group than before must not be open to that group
    let isSameOwner = fchown(file.number, old.st_uid, old.st_gid) == 0
    fchmod(file.number, old.st_mode & (isSameOwner ? 0o777 : 0o700))
  }
}

extension FileDescriptor {
  /// An existing file, to be written from its start on (open(2), O_TRUNC).
  public static func openToOverwrite(_ path: String) throws(Errno) -> FileDescriptor {
    let number = unsafe Glibc.open(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    if number == -1 { throw Errno.current }
    return FileDescriptor(owning: number)
  }

  /// write(2) until all has been taken; not for what waits for a reader.
  public func writeAll(_ bytes: ArraySlice<UInt8>) throws(Errno) {
    var rest = bytes
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || Errno.current != .interrupted {
        throw count == 0 ? .noSpace : Errno.current
      }
    }
  }

  /// Throws what a close would tell: some file systems find only then that what was written has no room (close(2)).
  public func flush() throws(Errno) {
    let copy = dup(number)
    if copy == -1 || close(copy) == -1 { throw Errno.current }
  }
}
