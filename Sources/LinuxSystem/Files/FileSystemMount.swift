internal import CLinux
internal import Glibc

/// The directory that a file lies in, or would lie in, from the root on and without links (realpath(3)); nil where that is
/// not told.
public func canonicalDirectory(of file: String) -> String? {
  guard let path = unsafe realpath(directory(of: file), nil) else { return nil }
  defer { unsafe free(path) }
  return unsafe String(validatingCString: path)
}

/// A file system that is mounted where this process sees it (/proc/self/mountinfo, proc_pid_mountinfo(5)).
public struct FileSystemMount: Sendable, Equatable {
  public let path: String
  /// Of its file system: `hugetlbfs`.
  public let kind: String
  /// What its file system was made with, `pagesize=2M` or `size=16777216`: not what holds for this mount alone.
  public let options: [String]
  /// What of its file system is seen at its path.
  let root: String
  /// Its file system's number, as fstat(2) has it.
  let device: UInt64

  /// All there are, in the order in which they were mounted: of several on one directory the last is seen. `process`: as that
  /// one sees them, by its number.
  public static func all(
    _ files: SystemFiles = SystemFiles(), of process: String = "self"
  ) throws(Unreadable) -> [FileSystemMount] {
    try files.demand("/proc/\(process)/mountinfo").split(at: UInt8(ascii: "\n")).compactMap(FileSystemMount.init)
  }

  /// The first of a device's; nil: it is mounted nowhere, as the memory of memfds is.
  public static func of(device: UInt64, _ files: SystemFiles = SystemFiles()) throws(Unreadable) -> FileSystemMount? {
    try all(files).first { $0.device == device }
  }

  /// The one that a file lies on, or would lie on; nil where that is not told.
  public static func holding(_ file: String) -> FileSystemMount? {
    guard let point = MountPoint.holding(file), let mounts = try? all() else { return nil }
    return mounts.last { isSameName($0.path, point.path) }
  }

  /// `36 35 98:0 /root /path rw,noatime master:1 - kind source options`; nil for a line that says something else.
  private init?(_ line: Substring) {
    // a source may be empty
    let words = line.split(at: UInt8(ascii: " "), keepingEmpty: true)
    guard let dash = words.dropFirst(6).firstIndex(of: "-"), dash + 3 < words.count,
      let device = Self.number(words[2])
    else { return nil }
    self.device = device
    root = Self.unescaped(words[3])
    path = Self.unescaped(words[4])
    kind = String(words[dash + 1])
    options = words[dash + 3].split(at: UInt8(ascii: ",")).map(String.init)
  }

  /// What follows `name=` among the options.
  public func value(of name: String) -> String? {
    options.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
  }

  /// Of `MAJOR:MINOR`.
  private static func number(_ word: Substring) -> UInt64? {
    let parts = word.split(at: UInt8(ascii: ":")).compactMap { UInt32($0) }
    return parts.count == 2 ? clinux_device(parts[0], parts[1]) : nil
  }

  /// The kernel writes white space and backslashes as `\040`.
  private static func unescaped(_ word: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = word.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), let code = UInt8(String(Substring(rest.prefix(3))), radix: 8) {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
