internal import CLinux

/// An inotify(7) instance. At the end of its life nobody waits for the kernel to be done with it.
private struct Watch: ~Copyable, Sendable {
  let number: Int32

  init() throws(Errno) {
    var number: Int32 = -1
    try Errno.check(unsafe clinux_watch_open(&number))
    self.number = number
  }

  deinit { clinux_watch_close(number) }
}

/// Hears of files being opened, by whatever name and by whomever, and keeps nobody from it (inotify(7), IN_OPEN).
public struct OpenWatch: ~Copyable, Sendable {
  private let watch: Watch
  /// The descriptor's number, for calls inside a chunk.
  public var number: Int32 { watch.number }

  /// EMFILE: the user has as many as he may (fs.inotify.max_user_instances).
  public init() throws(Errno) { watch = try Watch() }

  /// From now on it hears of this file, too. ENOSPC: as many as the user may watch; EACCES: it may not be read.
  public func add(_ file: borrowing FileDescriptor) throws(Errno) {
    try Errno.check(clinux_watch_add(number, file.number))
  }

  /// Whether none of its files was opened since; false where that is not told.
  public var isSilent: Bool { clinux_watch_is_silent(number) }
}

/// Hears of names that come into a directory or leave it, and of files in it that somebody has done with (inotify(7)).
public struct DirectoryWatch: ~Copyable, Sendable {
  private let watch: Watch
  /// The descriptor's number, to wait with.
  public var number: Int32 { watch.number }

  /// EMFILE: the user has as many as he may (fs.inotify.max_user_instances); ENOSPC: as many as he may watch.
  public init(_ directory: borrowing Directory) throws(Errno) {
    let opened = try Watch()
    try Errno.check(clinux_watch_names(opened.number, directory.number))
    watch = opened
  }

  /// Forgets what it has heard so far; true where the directory is gone, or called otherwise.
  public func forget() -> Bool { clinux_watch_forget(number) }
}
