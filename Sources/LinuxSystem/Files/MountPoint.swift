internal import Glibc

/// Where the file system is mounted that a file lies on, or would lie on.
public struct MountPoint: Sendable, Equatable {
  public let path: String
  /// Its size in bytes (statvfs(3)); nil where it has none of its own.
  public let totalBytes: Int?

  /// The highest directory above the file, whether that is there or not, that is on the same device; nil where its own
  /// directory cannot be looked at.
  public static func holding(_ file: String) -> MountPoint? {
    guard var path = resolved(directory(of: file)), let device = device(of: path) else { return nil }
    while isAbsolute(path) && path.utf8.count > 1 {
      let parent = directory(of: path)
      if Self.device(of: parent) != device { break }
      path = parent
    }
    return MountPoint(path: path, totalBytes: totalBytes(of: path))
  }

  private static func resolved(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(validatingCString: resolved)
  }

  private static func device(of path: String) -> UInt64? {
    var facts = stat()
    return unsafe stat(path, &facts) == 0 ? UInt64(facts.st_dev) : nil
  }

  private static func totalBytes(of path: String) -> Int? {
    var facts = statvfs()
    guard unsafe statvfs(path, &facts) == 0, facts.f_blocks > 0 else { return nil }
    return Int(clamping: facts.f_blocks) *| Int(clamping: facts.f_frsize)
  }
}
