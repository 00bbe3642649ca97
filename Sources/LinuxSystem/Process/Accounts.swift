internal import Glibc

/// Users and groups by their names, wherever the machine keeps them (nsswitch.conf(5)).
public enum Accounts {
  /// A user's number, and that of the group that he logs in with; nil: there is none of that name (getpwnam(3)).
  public static func user(_ name: String) throws(Errno) -> (user: UInt32, group: UInt32)? {
    errno = 0
    guard let found = unsafe getpwnam(name) else { return try nothing(errno) }
    return unsafe (found.pointee.pw_uid, found.pointee.pw_gid)
  }

  /// A group's number; nil: there is none of that name (getgrnam(3)).
  public static func group(_ name: String) throws(Errno) -> UInt32? {
    errno = 0
    guard let found = unsafe getgrnam(name) else { return try nothing(errno) }
    return unsafe found.pointee.gr_gid
  }

  /// Nothing went wrong, or what getpwnam(3) says that some machines say of a name that is not there.
  private static func nothing<Value>(_ number: Int32) throws(Errno) -> Value? {
    if [0, ENOENT, ESRCH, EBADF, EPERM].contains(number) { return nil }
    throw Errno(number)
  }
}
