internal import CLinux
internal import Glibc

/// The files in which the kernel tells about the machine, under /proc and /sys; in a test, a copy of them.
public struct SystemFiles: Sendable, Equatable {
  /// The directory that stands for `/`.
  public let root: String

  /// A file longer than this many bytes is none of the kernel's short answers and is not read.
  public static let limit = 16 << 20

  public init(root: String = "/") { self.root = root }

  /// What the file at `path` says, without white space at its end; nil where the kernel has no such file.
  public func read(_ path: String) throws(Unreadable) -> String? { try all(path).map { Self.text($0) } }

  /// The CPUs that are all the file at `path` lists; nil where the kernel has no such file. A list of none is a line, too: what
  /// has not even that was not read.
  public func readCPUs(_ path: String) throws(Unreadable) -> CPUSet? {
    guard let bytes = try all(path) else { return nil }
    guard !bytes.isEmpty, let cpus = CPUSet(list: Self.text(bytes)) else { throw Unreadable(path, .isUnclear) }
    return cpus
  }

  private static func text(_ bytes: [UInt8]) -> String {
    var bytes = bytes
    while let last = bytes.last, last == 0x0A || last == 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// All that an open file says, whoever wrote it, without white space at its end.
  public func text(of file: borrowing FileDescriptor) throws(Errno) -> String {
    Self.text(try contents(of: file.number))
  }

  /// All that the file at `path` says, for names in it that have to be exact.
  func all(_ path: String) throws(Unreadable) -> [UInt8]? {
    let descriptor = unsafe open(located(path), O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { return try nothing(at: path, Errno.current) }
    defer { close(descriptor) }
    do throws(Errno) {
      return try contents(of: descriptor)
    } catch {
      return try nothing(at: path, error)
    }
  }

  /// Calls `body` with each line of the file at `path`, however many there are; whether the kernel has such a file.
  func forEachLine(_ path: String, _ body: (Substring) -> Void) throws(Unreadable) -> Bool {
    let descriptor = unsafe open(located(path), O_RDONLY | O_CLOEXEC)
    if descriptor < 0 {
      let none: Bool? = try nothing(at: path, Errno.current)
      return none != nil
    }
    defer { close(descriptor) }
    do throws(Errno) {
      try Self.forEachLine(of: descriptor, body)
      return true
    } catch {
      throw Unreadable(path, error)
    }
  }

  /// What a file says that every kernel has.
  public func demand(_ path: String) throws(Unreadable) -> String {
    guard let text = try read(path) else { throw Unreadable(path, .noEntry) }
    return text
  }

  /// The decimal number that is all the file at `path` says; nil where the kernel has no such file.
  public func readNumber(_ path: String) throws(Unreadable) -> Int? {
    guard let text = try read(path) else { return nil }
    if let number = Int(text) { return number }
    // some settings take all that 64 bits hold: more than any amount that is reckoned with
    if UInt64(text) != nil { return .max }
    throw Unreadable(path, .isUnclear)
  }

  /// The number that a file says which every kernel has.
  public func demandNumber(_ path: String) throws(Unreadable) -> Int {
    guard let number = try readNumber(path) else { throw Unreadable(path, .noEntry) }
    return number
  }

  /// The amount that a file says which every kernel has.
  public func demandAmount(_ path: String) throws(Unreadable) -> Int {
    let amount = try demandNumber(path)
    if amount < 0 { throw Unreadable(path, .isUnclear) }
    return amount
  }

  /// The names in `directory`, sorted; nil where the kernel has no such directory.
  public func names(in directory: String) throws(Unreadable) -> [String]? {
    guard let stream = unsafe opendir(located(directory)) else { return try nothing(at: directory, Errno.current) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = unsafe readdir(stream) {
      unsafe names.append(String(cString: clinux_entry_name(entry)))
      errno = 0
    }
    if errno != 0 { return try nothing(at: directory, Errno.current) }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }

  /// The numbers of the directory's entries called `prefix` and a number, ascending; nil as above. No kernel counts nodes, CPUs
  /// or groups further than to `CPUSet.limit`.
  public func numbers(in directory: String, after prefix: String) throws(Unreadable) -> [Int]? {
    guard let names = try names(in: directory) else { return nil }
    return Set(names.compactMap { $0.number(after: prefix) }.filter { $0 < CPUSet.limit }).sorted()
  }

  /// The one place that tells what is not there, nil, from what could not be read. That a file is not there says
  /// something of the kernel only where the file system is there that would have it.
  private func nothing<Value>(at path: String, _ errno: Errno) throws(Unreadable) -> Value? {
    // the last: a control group that has gone while its file was open
    let isAbsent = [.noEntry, .notDirectory, .noDevice].contains(errno)
    if isAbsent && isMounted(path) { return nil }
    throw Unreadable(path, errno)
  }

  private func isMounted(_ path: String) -> Bool {
    switch components(of: path).first {
    case "sys": exists("/sys/kernel") && (root != "/" || isInKernelsFiles(path))
    case "proc": exists("/proc/self") && (root != "/" || isInKernelsFiles(path))
    default: true
    }
  }

  /// Whether the directory that would lead to `path` is the kernel's own: a part of its files may be covered by another file
  /// system.
  private func isInKernelsFiles(_ path: String) -> Bool {
    var place = directory(of: path)
    while true {
      let error = unsafe clinux_is_kernels_own(place)
      if error != ENOENT && error != ENOTDIR { return error == 0 }
      if place == "/" || place == "." { return false }
      place = directory(of: place)
    }
  }

  /// As `read`, for those who do not ask why there is nothing.
  public func text(_ path: String) -> String? { (try? read(path)) ?? nil }

  /// As `readNumber`, for those who do not ask why there is nothing.
  public func integer(_ path: String) -> Int? { (try? readNumber(path)) ?? nil }

  /// As `names`, for those who do not ask why there is nothing.
  public func entries(of directory: String) -> [String] { ((try? names(in: directory)) ?? nil) ?? [] }

  /// Whether there is a file or directory at `path`.
  public func exists(_ path: String) -> Bool { unsafe access(located(path), F_OK) == 0 }

  /// Whether this process may write to the file at `path` (faccessat(2), AT_EACCESS).
  public func mayWrite(_ path: String) -> Bool { unsafe faccessat(AT_FDCWD, located(path), W_OK, AT_EACCESS) == 0 }

  /// Which inode a name means; nil where that is not told.
  func inode(_ path: String) -> UInt64? {
    var status = stat()
    return unsafe stat(located(path), &status) == 0 ? UInt64(status.st_ino) : nil
  }

  /// The last component of what a symbolic link says (readlink(2)); nil where there is none.
  public func linkedName(_ path: String) throws(Unreadable) -> String? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(located(path), &target, target.count)
    if count < 0 { return try nothing(at: path, Errno.current) }
    let bytes = target.prefix(count).map { UInt8(bitPattern: $0) }
    return components(of: String(decoding: bytes, as: UTF8.self)).last.map { String($0) }
  }

  private func located(_ path: String) -> String { root == "/" ? path : root + path }

  /// All that can be read, up to the limit: files under /proc have no size to ask for.
  private func contents(of descriptor: Int32) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    try unsafe Self.forEachPiece(of: descriptor) { piece throws(Errno) in
      if bytes.count > Self.limit { throw .fileTooBig }
      unsafe bytes.append(contentsOf: piece)
    }
    return bytes
  }

  /// What is left of a line is kept until the rest of it comes.
  private static func forEachLine(of descriptor: Int32, _ body: (Substring) -> Void) throws(Errno) {
    var bytes: [UInt8] = []
    func tell(_ lines: ArraySlice<UInt8>) {
      String(decoding: lines, as: UTF8.self).split(at: UInt8(ascii: "\n")).forEach(body)
    }
    try unsafe forEachPiece(of: descriptor) { piece throws(Errno) in
      if bytes.count > limit { throw .fileTooBig }
      unsafe bytes.append(contentsOf: piece)
      guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return }
      tell(bytes[..<end])
      bytes.removeFirst(end + 1)
    }
    tell(bytes[...])
  }

  private static func forEachPiece(
    of descriptor: Int32, _ body: (UnsafeMutableRawBufferPointer.SubSequence) throws(Errno) -> Void
  ) throws(Errno) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 1)
    defer { unsafe buffer.deallocate() }
    while true {
      let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count == 0 { return }
      if count > 0 {
        try unsafe body(buffer[..<count])
      } else if Errno.current != .interrupted {
        throw Errno.current
      }
    }
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
  func number(after prefix: String) -> Int? {
    let digits = dropFirst(prefix.count)
    return hasPrefix(prefix) && digits.utf8.allSatisfy { (48...57).contains($0) } ? Int(digits) : nil
  }
}
