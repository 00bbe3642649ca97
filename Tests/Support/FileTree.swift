internal import Glibc
public import LinuxSystem

/// Files in a folder of their own, in made of the kernel's; gone with it.
public final class FileTree: Sendable {
  private let folder: TemporaryFolder

  /// Makes files, contents by path.
  public init(_ files: [String: String] = [:]) throws(Errno) {
    folder = try TemporaryFolder("files")
    for (path, text) in files { try write(path, text) }
  }

  public var root: String { folder.path }
  public var files: SystemFiles { SystemFiles(root: folder.path) }

  public func write(_ path: String, _ text: String) throws(Errno) { try write(path, bytes: Array(text.utf8)) }

  public func write(_ path: String, bytes: [UInt8]) throws(Errno) {
    try makeFolders(above: path)
    try Self.write(bytes, to: folder.path + path)
  }

  /// Makes `path` lead to `target`, outside of the tree.
  public func link(_ path: String, to target: String) throws(Errno) {
    try makeFolders(above: path)
    guard unsafe symlink(target, folder.path + path) == 0 else { throw Errno(errno) }
  }

  /// Writes to a file outside of any tree as well.
  public static func write(_ text: String, to path: String) throws(Errno) { try write(Array(text.utf8), to: path) }

  private static func write(_ bytes: [UInt8], to path: String) throws(Errno) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { throw Errno(errno) }
    defer { close(descriptor) }
    guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw Errno(errno) }
  }

  private func makeFolders(above path: String) throws(Errno) {
    var made = folder.path
    for name in path.split(separator: "/").dropLast() {
      made += "/" + name
      if unsafe mkdir(made, 0o755) != 0 && errno != EEXIST { throw Errno(errno) }
    }
  }
}
