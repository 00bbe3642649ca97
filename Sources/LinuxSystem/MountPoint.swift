internal import Glibc

/// Where the file system is mounted that a file lies on, or would lie on.
public struct MountPoint: Sendable, Equatable {
  public let path: String
  /// Its size in bytes (statvfs(3)); nil where it has none of its own.
  public let totalBytes: Int?

  /// The highest directory above the file, whether that is there or not, that is on the same device; nil where its own
  /// directory cannot be looked at.
  public static func holding(_ file: String) -> MountPoint? {
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    guard var path = resolved(folder.isEmpty ? "." : folder), let device = device(of: path) else { return nil }
    while path != "/" {
      let above = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
      let parent = above.isEmpty ? "/" : above
      if Self.device(of: parent) != device { break }
      path = parent
    }
    return MountPoint(path: path, totalBytes: totalBytes(of: path))
  }

  private static func resolved(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private static func device(of path: String) -> UInt64? {
    var facts = stat()
    return unsafe stat(path, &facts) == 0 ? UInt64(facts.st_dev) : nil
  }

  private static func totalBytes(of path: String) -> Int? {
    var facts = statvfs()
    guard unsafe statvfs(path, &facts) == 0, facts.f_blocks > 0 else { return nil }
    let (bytes, overflow) = Int(clamping: facts.f_blocks).multipliedReportingOverflow(by: Int(clamping: facts.f_frsize))
    return overflow ? nil : bytes
  }
}
