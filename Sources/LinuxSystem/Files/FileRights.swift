internal import Glibc

/// Whose a file is to be, and who may do what with it. Of what is nil it has what it has.
public struct FileRights: Equatable, Sendable {
  /// By number.
  public var user: UInt32?
  public var group: UInt32?
  /// Permission bits, as chmod(2) has them.
  public var mode: UInt32?

  public init(user: UInt32? = nil, group: UInt32? = nil, mode: UInt32? = nil) {
    self.user = user
    self.group = group
    self.mode = mode
  }
}

extension FileDescriptor {
  /// Gives what is open here to a user, a group or both (fchown(2)). EPERM: only root gives files away.
  public func setOwner(_ rights: FileRights) throws(Errno) {
    if rights.user == nil && rights.group == nil { return }
    // the largest number stands for what stays as it is
    if fchown(number, rights.user ?? .max, rights.group ?? .max) == -1 { throw .current }
  }

  /// fchmod(2): umask(2) has no say in it.
  public func setMode(_ rights: FileRights) throws(Errno) {
    if let mode = rights.mode, fchmod(number, mode) == -1 { throw .current }
  }
}

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
