internal import LinuxSystem

/// How a FILE's name becomes an open file that nobody else works on.
extension MemoryFile {
  /// nil where there is nothing of that name. `looking`: for reading, and whoever works on it.
  static func open(_ path: String, looking: Bool = false) throws(MemoryError) -> Owned<FileDescriptor>? {
    guard let kind = try kindOfName(path) else { return nil }
    var access = looking ? FileDescriptor.Access.readOnly : .readWrite
    if kind == .symbolicLink && isMagicLink(path) {
      access.insert(.followLinks)
    } else if kind != .regular {
      throw MemoryError(.wrongKind(kind), path: path)
    }
    let file = try attempting(.open, path) { () throws(Errno) in try FileDescriptor.open(path, access) }
    if looking {
      try checkKind(file, path)
    } else {
      try claim(file, path)
    }
    return Owned(file)
  }

  /// A first look keeps devices and FIFOs from being opened at all; what counts is the look after opening.
  private static func kindOfName(_ path: String) throws(MemoryError) -> FileStatus.Kind? {
    do throws(Errno) {
      return try FileStatus.ofName(path).kind
    } catch .noEntry {
      return nil
    } catch {
      throw MemoryError(.failed(.open, error), path: path)
    }
  }

  /// /proc/PID/fd/N: a memfd's name. Such a link cannot lead anywhere that its process had not opened.
  private static func isMagicLink(_ path: String) -> Bool {
    do throws(Errno) {
      let parent = try FileDescriptor.open(directory(of: path), [.pathOnly, .directory, .followLinks])
      return try parent.fileSystem().kind == .proc
    } catch {
      return false
    }
  }

  /// Whatever the name meant a moment ago: what is open must be a regular file that nobody else works on.
  static func claim(_ file: borrowing FileDescriptor, _ path: String) throws(MemoryError) {
    try checkKind(file, path)
    let isOurs = try attempting(.lock, path) { () throws(Errno) in try file.lockExclusively() }
    if !isOurs { throw MemoryError(.busy, path: path) }
  }

  private static func checkKind(_ file: borrowing FileDescriptor, _ path: String) throws(MemoryError) {
    let status = try attempting(.inspect, path) { () throws(Errno) in try file.status() }
    if status.kind != .regular { throw MemoryError(.wrongKind(status.kind), path: path) }
  }

  static func fileSystem(of file: Int32?, _ path: String) throws(MemoryError) -> FileSystemFacts {
    try attempting(file == nil ? .create : .inspect, path) { () throws(Errno) in
      if let file { return try FileSystemFacts.of(file) }
      return try FileDescriptor.open(directory(of: path), [.pathOnly, .directory, .followLinks]).fileSystem()
    }
  }

  /// The number of the device that it is on; of a file that is not there yet, that its directory is on.
  static func device(of file: Owned<FileDescriptor>?, _ path: String) throws(Errno) -> UInt64 {
    if let file { return try file.value.status().device }
    return try FileDescriptor.open(directory(of: path), [.pathOnly, .directory, .followLinks]).status().device
  }

  /// Of names that mean no file yet: whether both would mean the same one.
  static func isSamePlace(_ one: String, _ other: String) -> Bool {
    if one.split(separator: "/").last != other.split(separator: "/").last { return false }
    do throws(Errno) {
      let mine = try FileDescriptor.open(directory(of: one), [.pathOnly, .directory, .followLinks]).status()
      let theirs = try FileDescriptor.open(directory(of: other), [.pathOnly, .directory, .followLinks]).status()
      return mine.isSameFile(as: theirs)
    } catch {
      return false
    }
  }
}
