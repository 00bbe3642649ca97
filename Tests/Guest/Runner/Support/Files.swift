import Glibc

/// Whole files, those of /proc and /sys too.
enum Files {
  static func read(_ path: String) -> String? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    if file == -1 { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while case let count = unsafe Glibc.read(file, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func number(_ path: String) -> Int? { read(path).flatMap { Int($0.prefix { $0 != "\n" }) } }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// The size, and how many blocks of 512 bytes are there; -1: no such file.
  static func bytes(_ path: String) -> Int { status(path).map { Int($0.st_size) } ?? -1 }
  static func blocks(_ path: String) -> Int { status(path).map { Int($0.st_blocks) } ?? -1 }

  private static func status(_ path: String) -> stat? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status : nil
  }

  /// One write, as the kernel's files want it. False with errno set.
  static func write(_ path: String, _ text: String) -> Bool {
    let file = unsafe open(path, O_WRONLY | O_CLOEXEC)
    if file == -1 { return false }
    let count = unsafe Glibc.write(file, text, text.utf8.count)
    let error = errno
    close(file)
    errno = error
    return count == text.utf8.count
  }

  static func list(_ directory: String) -> [String] {
    guard let stream = unsafe opendir(directory) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

/// A list of numbers as the kernel writes it: "0-3,5".
func numbers(_ list: String) -> [Int] {
  list.split { $0 == "," || $0 == "\n" }.flatMap { part -> [Int] in
    let ends = part.split(separator: "-").compactMap { Int($0) }
    return ends.isEmpty ? [] : Array(ends[0]...ends[ends.count - 1])
  }
}
