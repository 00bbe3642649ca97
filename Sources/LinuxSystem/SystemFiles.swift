internal import Glibc

/// The files in which the kernel tells about the machine, under /proc and /sys; in a test, a copy of them.
public struct SystemFiles: Sendable, Equatable {
  /// The directory that stands for `/`.
  public let root: String

  /// A file longer than this many bytes is none of the kernel's short answers and is not read.
  public static let limit = 16 << 20

  public init(root: String = "/") { self.root = root }

  /// What the file at `path` says, without white space at its end; nil if it cannot be read.
  public func text(_ path: String) -> String? {
    let descriptor = unsafe open(located(path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard var bytes = contents(of: descriptor) else { return nil }
    while let last = bytes.last, last == 0x0A || last == 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The decimal number that is all the file at `path` says.
  public func integer(_ path: String) -> Int? { text(path).flatMap { Int($0) } }

  /// The names in `directory`, sorted; none if it cannot be read.
  public func entries(of directory: String) -> [String] {
    guard let stream = unsafe opendir(located(directory)) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) { unsafe names.append(Self.name(of: entry)) }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }

  /// Whether there is a file or directory at `path`.
  public func exists(_ path: String) -> Bool { unsafe access(located(path), F_OK) == 0 }

  /// Whether this process may write to the file at `path` (faccessat(2), AT_EACCESS).
  public func mayWrite(_ path: String) -> Bool { unsafe faccessat(AT_FDCWD, located(path), W_OK, AT_EACCESS) == 0 }

  /// The last component of what a symbolic link says (readlink(2)); nil where there is none.
  public func linkedName(_ path: String) -> String? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(located(path), &target, target.count)
    guard count > 0 else { return nil }
    let bytes = target.prefix(count).map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self).split(separator: "/").last.map { String($0) }
  }

  private func located(_ path: String) -> String { root == "/" ? path : root + path }

  /// All that can be read, up to the limit: files under /proc have no size to ask for.
  private func contents(of descriptor: Int32) -> [UInt8]? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while bytes.count <= Self.limit {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count == 0 { return bytes }
      if count > 0 {
        bytes += buffer[..<count]
      } else if Errno.current != .interrupted {
        return nil
      }
    }
    return nil
  }

  /// The entry ends with its name, so it is often shorter than a `dirent`, and must not be copied as one.
  private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
    guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return "" }
    let name = unsafe UnsafeRawPointer(entry) + offset
    return unsafe String(cString: name.assumingMemoryBound(to: CChar.self))
  }
}

extension StringProtocol {
  /// What stands between the first `open` and the `close` after it: how the kernel marks the choice taken.
  func between(_ open: Character, _ close: Character) -> String? {
    guard let start = firstIndex(of: open), let end = self[start...].firstIndex(of: close) else { return nil }
    return String(self[index(after: start)..<end])
  }
}

extension StringProtocol {
  /// The number that follows `prefix`, if this is nothing else: 12 of `cpu12`.
  func number(after prefix: String) -> Int? { hasPrefix(prefix) ? Int(dropFirst(prefix.count)) : nil }
}
