import Glibc
import LinuxSystem

/// Files in a directory of their own, in place of the kernel's; gone with it.
struct FileTree: ~Copyable {
  let root: String
  /// Everything made, parents first.
  private var made: [String]

  /// Makes `files`, contents by path.
  static func of(_ files: [String: String] = [:]) throws -> FileTree {
    var tree = FileTree(root: try makeRoot())
    for (path, text) in files { try tree.write(path, text) }
    return tree
  }

  private init(root: String) {
    self.root = root
    made = [root]
  }

  private static func makeRoot() throws -> String {
    var template = Array("/tmp/ktask-files-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Errno(errno) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  var files: SystemFiles { SystemFiles(root: root) }

  mutating func write(_ path: String, _ text: String) throws {
    try makeDirectories(above: path)
    try Self.write(text, to: root + path)
    made.append(root + path)
  }

  /// Makes `path` lead to `target`, outside of the tree.
  mutating func link(_ path: String, to target: String) throws {
    try makeDirectories(above: path)
    guard unsafe symlink(target, root + path) == 0 else { throw Errno(errno) }
    made.append(root + path)
  }

  /// Writes to a file outside of any tree as well.
  static func write(_ text: String, to path: String) throws {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { throw Errno(errno) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw Errno(errno) }
  }

  private mutating func makeDirectories(above path: String) throws {
    var directory = root
    for name in path.split(separator: "/").dropLast() {
      directory += "/" + name
      if unsafe mkdir(directory, 0o755) == 0 {
        made.append(directory)
      } else if errno != EEXIST {
        throw Errno(errno)
      }
    }
  }

  deinit {
    for path in made.reversed() { unsafe remove(path) }
  }
}

/// What `command` prints, run by a shell.
func output(of command: String) throws -> String {
  guard let stream = unsafe popen(command, "r") else { throw Errno(errno) }
  defer { unsafe pclose(stream) }
  var bytes: [UInt8] = []
  while case let byte = unsafe getc(stream), byte != EOF { bytes.append(UInt8(byte)) }
  return String(decoding: bytes, as: UTF8.self)
}
