internal import CLinux
public import Glibc

/// An error number of the C library, with its name and its sentence.
public struct Errno: Error, Hashable, BitwiseCopyable, Sendable, CustomStringConvertible {
  /// The number, one of errno(3)'s; never 0.
  public let code: Int32

  @inlinable
  public init(_ code: Int32) { self.code = code }

  /// Inlined, for code that may take no lock.
  @inlinable
  public static func == (one: Errno, other: Errno) -> Bool { one.code == other.code }

  /// The symbolic name, such as `ENOMEM` (strerrorname_np(3)); the number where it has none.
  public var name: String {
    guard let name = unsafe clinux_errno_name(code) else { return "errno \(code)" }
    return unsafe String(cString: name)
  }

  /// What the C library says of it (strerror(3)).
  public var description: String { unsafe String(cString: strerror(code)) }

  /// Throws unless `result`, the answer of a CLinux call, is 0.
  @inlinable
  public static func check(_ result: Int32) throws(Errno) {
    if result != 0 { throw Errno(result) }
  }

  /// The calling thread's errno: the one place that reads it.
  static var current: Errno { Errno(errno) }
}

/// Computed, and inlined: code that may take no lock can name them.
extension Errno {
  @inlinable public static var permission: Errno { Errno(EPERM) }
  @inlinable public static var noEntry: Errno { Errno(ENOENT) }
  @inlinable public static var inputOutput: Errno { Errno(EIO) }
  @inlinable public static var interrupted: Errno { Errno(EINTR) }
  @inlinable public static var tryAgain: Errno { Errno(EAGAIN) }
  @inlinable public static var noMemory: Errno { Errno(ENOMEM) }
  @inlinable public static var access: Errno { Errno(EACCES) }
  @inlinable public static var fault: Errno { Errno(EFAULT) }
  @inlinable public static var exists: Errno { Errno(EEXIST) }
  @inlinable public static var isDirectory: Errno { Errno(EISDIR) }
  @inlinable public static var invalid: Errno { Errno(EINVAL) }
  @inlinable public static var tooManyFiles: Errno { Errno(EMFILE) }
  @inlinable public static var tooManyFilesInAll: Errno { Errno(ENFILE) }
  @inlinable public static var otherDevice: Errno { Errno(EXDEV) }
  @inlinable public static var notDirectory: Errno { Errno(ENOTDIR) }
  @inlinable public static var fileTooBig: Errno { Errno(EFBIG) }
  @inlinable public static var noDevice: Errno { Errno(ENODEV) }
  @inlinable public static var noSpace: Errno { Errno(ENOSPC) }
  @inlinable public static var readOnly: Errno { Errno(EROFS) }
  @inlinable public static var noSystemCall: Errno { Errno(ENOSYS) }
  @inlinable public static var loop: Errno { Errno(ELOOP) }
  @inlinable public static var nameTooLong: Errno { Errno(ENAMETOOLONG) }
  @inlinable public static var noSuchDevice: Errno { Errno(ENXIO) }
  @inlinable public static var overflow: Errno { Errno(EOVERFLOW) }
  @inlinable public static var notSupported: Errno { Errno(EOPNOTSUPP) }
  @inlinable public static var quota: Errno { Errno(EDQUOT) }
  @inlinable public static var poisoned: Errno { Errno(EHWPOISON) }
  @inlinable public static var busy: Errno { Errno(EBUSY) }
  @inlinable public static var noSuchCall: Errno { Errno(ENOTTY) }
  @inlinable public static var stale: Errno { Errno(ESTALE) }
  @inlinable public static var textBusy: Errno { Errno(ETXTBSY) }
  @inlinable public static var notText: Errno { Errno(EILSEQ) }
  @inlinable public static var noProcess: Errno { Errno(ESRCH) }
  @inlinable public static var timedOut: Errno { Errno(ETIMEDOUT) }
}
