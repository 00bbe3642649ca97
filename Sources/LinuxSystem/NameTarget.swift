internal import Glibc

/// What a name leads to, through symbolic links.
public enum NameTarget: Equatable, Sendable {
  /// A name that is no link, or that the kernel follows by itself: another process's /proc/PID/fd/N. There may be nothing
  /// of that name.
  case name(String)
  /// One of this process's own descriptors: /dev/stdout, /dev/fd/N, /proc/self/fd/N.
  case descriptor(Int32)

  /// Follows no more links than the kernel does (readlink(2)), and none that the kernel would not where it protects links:
  /// EACCES for one that another user has put where everybody may put something (proc(5), protected_symlinks).
  public init(of path: String) throws(Errno) {
    var path = path
    for _ in 0..<40 {
      guard let kind = try Self.kind(path), kind == .symbolicLink else {
        self = .name(path)
        return
      }
      let parent = directory(of: path)
      if let target = try Self.magic(path, in: parent) {
        self = target
        return
      }
      try Self.checkOwner(of: path, in: parent)
      let target = try Self.readLink(path)
      path = isAbsolute(target) ? target : parent + "/" + target
    }
    throw .loop
  }

  private static func kind(_ path: String) throws(Errno) -> FileStatus.Kind? {
    do throws(Errno) {
      return try FileStatus.ofName(path).kind
    } catch .noEntry {
      return nil
    }
  }

  /// nil for a link with a name in it.
  private static func magic(_ path: String, in parent: String) throws(Errno) -> NameTarget? {
    let folder = try FileDescriptor.open(parent, [.pathOnly, .directory, .followLinks])
    guard try folder.fileSystem().kind == .proc, let number = Int32(lastComponent(of: path))
    else { return nil }
    let own = try FileDescriptor.open("/proc/self/fd", [.pathOnly, .directory])
    return try folder.status().isSameFile(as: own.status()) ? .descriptor(number) : .name(path)
  }

  private static func checkOwner(of link: String, in parent: String) throws(Errno) {
    var (own, folder) = (stat(), stat())
    guard unsafe lstat(link, &own) == 0, unsafe stat(parent, &folder) == 0 else { throw .current }
    let isShared = folder.st_mode & S_ISVTX != 0 && folder.st_mode & S_IWOTH != 0
    if isShared && ![geteuid(), folder.st_uid].contains(own.st_uid) { throw .access }
  }

  private static func readLink(_ path: String) throws(Errno) -> String {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(path, &bytes, bytes.count)
    if count == -1 { throw .current }
    if count == bytes.count { throw .nameTooLong }
    // as a string of other letters it would lead elsewhere
    guard let target = String(validating: bytes.prefix(count), as: UTF8.self) else { throw .notText }
    return target
  }
}

/// Whether this process may write to what a name leads to; throws where not (faccessat(2)).
public func checkWriting(_ path: String) throws(Errno) {
  if unsafe faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == -1 { throw .current }
}

extension FileStatus {
  /// stat(2): of what a name leads to.
  public static func ofTarget(_ path: String) throws(Errno) -> FileStatus {
    var raw = stat()
    if unsafe stat(path, &raw) == -1 { throw .current }
    return FileStatus(raw)
  }
}
