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
