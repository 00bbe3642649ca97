internal import CLinux
internal import Glibc

/// An error number of the C library, with its name and its sentence.
public struct Errno: Error, Hashable, BitwiseCopyable, Sendable, CustomStringConvertible {
  /// The number, one of errno(3)'s; never 0.
  public let code: Int32

  @inlinable
  public init(_ code: Int32) { self.code = code }

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

  /// ETIMEDOUT's number, for code that must not make an Errno.
  @usableFromInline static let timedOutCode: Int32 = ETIMEDOUT

  /// The calling thread's errno: the one place that reads it.
  static var current: Errno { Errno(errno) }
}

extension Errno {
  public static let permission = Errno(EPERM)
  public static let noEntry = Errno(ENOENT)
  public static let inputOutput = Errno(EIO)
  public static let interrupted = Errno(EINTR)
  public static let tryAgain = Errno(EAGAIN)
  public static let noMemory = Errno(ENOMEM)
  public static let access = Errno(EACCES)
  public static let fault = Errno(EFAULT)
  public static let exists = Errno(EEXIST)
  public static let isDirectory = Errno(EISDIR)
  public static let invalid = Errno(EINVAL)
  public static let tooManyFiles = Errno(EMFILE)
  public static let tooManyFilesInAll = Errno(ENFILE)
  public static let notDirectory = Errno(ENOTDIR)
  public static let fileTooBig = Errno(EFBIG)
  public static let noDevice = Errno(ENODEV)
  public static let noSpace = Errno(ENOSPC)
  public static let readOnly = Errno(EROFS)
  public static let noSystemCall = Errno(ENOSYS)
  public static let loop = Errno(ELOOP)
  public static let nameTooLong = Errno(ENAMETOOLONG)
  public static let noSuchDevice = Errno(ENXIO)
  public static let overflow = Errno(EOVERFLOW)
  public static let notSupported = Errno(EOPNOTSUPP)
  public static let quota = Errno(EDQUOT)
  public static let poisoned = Errno(EHWPOISON)
  public static let busy = Errno(EBUSY)
  public static let noSuchCall = Errno(ENOTTY)
  public static let stale = Errno(ESTALE)
  public static let textBusy = Errno(ETXTBSY)
  public static let notText = Errno(EILSEQ)
  public static let noProcess = Errno(ESRCH)
  public static let timedOut = Errno(ETIMEDOUT)
}
