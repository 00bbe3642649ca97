internal import CLinux

/// Hears of files being opened, by whatever name and by whomever, and keeps nobody from it (inotify(7), IN_OPEN).
public struct OpenWatch: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  /// The descriptor's number, for calls inside a chunk.
  public var number: Int32 { descriptor.number }

  /// EMFILE: the user has as many as he may (fs.inotify.max_user_instances).
  public init() throws(Errno) {
    var number: Int32 = -1
    try Errno.check(unsafe clinux_watch_open(&number))
    descriptor = FileDescriptor(owning: number)
  }

  /// From now on it hears of this file, too. ENOSPC: as many as the user may watch; EACCES: it may not be read.
  public func add(_ file: borrowing FileDescriptor) throws(Errno) {
    try Errno.check(clinux_watch_add(number, file.number))
  }

  /// Whether none of its files was opened since; false where that is not told.
  public var isSilent: Bool { clinux_watch_is_silent(number) }
}

/// Hears of names that come into a directory or leave it, and of files in it that somebody has done with (inotify(7)).
public struct DirectoryWatch: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  /// The descriptor's number, to wait with.
  public var number: Int32 { descriptor.number }

  /// EMFILE: the user has as many as he may (fs.inotify.max_user_instances); ENOSPC: as many as he may watch.
  public init(_ directory: borrowing Directory) throws(Errno) {
    var number: Int32 = -1
    try Errno.check(unsafe clinux_watch_open(&number))
    let opened = FileDescriptor(owning: number)
    try Errno.check(clinux_watch_names(number, directory.number))
    descriptor = opened
  }

  /// Forgets what it has heard so far; true where the directory is gone.
  public func forget() -> Bool { clinux_watch_forget(number) }
}
