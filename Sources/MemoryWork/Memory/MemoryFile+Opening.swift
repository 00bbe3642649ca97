internal import LinuxSystem

/// How a FILE's name becomes an open file that nobody else works on.
///
/// Before the work it is open for reading only: opened for writing, a file of an overlay is copied up, which is a change.
extension MemoryFile {
  /// The directory that the name is in. `orMissing`: a file in none is one that is missing.
  static func place(of path: String, orMissing: Bool) throws(MemoryError) -> Owned<FilePlace> {
    do throws(Errno) {
      return Owned(try FilePlace(path))
    } catch {
      if error == .isDirectory { try refuseDirectory(path) }
      if orMissing && error == .noEntry { throw MemoryError(.missing, path: path) }
      throw MemoryError(.failed(orMissing ? .open : .create, error), path: path)
    }
  }

  /// A name that ends in a slash is a directory's, if there is one.
  private static func refuseDirectory(_ path: String) throws(MemoryError) {
    let found = try? FileDescriptor.open(path, [.pathOnly, .directory, .followLinks]).status()
    if found != nil { throw MemoryError(.wrongKind(.directory), path: path) }
  }

  /// nil where there is nothing of that name. What is there is not really opened before it is known to be a regular file.
  static func find(in place: borrowing FilePlace, _ path: String) throws(MemoryError) -> Owned<FileDescriptor>? {
    guard let found = try attempting(.open, path, { () throws(Errno) in try place.lookIfAny() }) else { return nil }
    try checkKind(found.value, path)
    return try open(found.value, .readOnly, in: place, path)
  }

  /// For real. Who asks by a lease whether he is alone with it keeps others from it for a moment.
  static func open(
    _ found: borrowing FileDescriptor, _ access: FileDescriptor.Access, in place: borrowing FilePlace, _ path: String
  ) throws(MemoryError) -> Owned<FileDescriptor> {
    for _ in 0..<5 {
      do throws(Errno) {
        return Owned(try place.open(found, access))
      } catch {
        if error != .tryAgain { throw MemoryError(.failed(.open, error), path: path) }
      }
      Clock.sleep(milliseconds: 1)
    }
    throw MemoryError(.busy, path: path)
  }

  private static func checkKind(_ file: borrowing FileDescriptor, _ path: String) throws(MemoryError) {
    let status = try attempting(.inspect, path) { () throws(Errno) in try file.status() }
    if status.kind != .regular { throw MemoryError(.wrongKind(status.kind), path: path) }
  }

  /// What opening for writing, or making the file, would be refused for want of rights. It comes with the work.
  static func checkRights(
    _ file: Owned<FileDescriptor>?, in place: borrowing FilePlace, _ path: String
  ) throws(MemoryError) {
    try attempting(file == nil ? .create : .open, path) { () throws(Errno) in
      if let file { return try place.checkWriting(file.value) }
      try place.checkMaking()
    }
  }

  /// Keeps others from working on it. Who only looks whether it is locked, as in a stock, has it for a moment.
  static func claim(_ file: borrowing FileDescriptor, _ path: String) throws(MemoryError) {
    for _ in 0..<5 {
      let isOurs = try attempting(.lock, path) { () throws(Errno) in try file.lockExclusively() }
      if isOurs { return }
      Clock.sleep(milliseconds: 1)
    }
    throw MemoryError(.busy, path: path)
  }

  static func fileSystem(
    of file: Owned<FileDescriptor>?, or place: borrowing FilePlace, _ path: String
  ) throws(MemoryError) -> FileSystemFacts {
    try attempting(file == nil ? .create : .inspect, path) { () throws(Errno) in
      if let file { return try file.value.fileSystem() }
      return try place.fileSystem()
    }
  }
}

extension OpenWatch {
  /// nil where the kernel grants none: nobody knows then who comes.
  static func started() -> Owned<OpenWatch>? {
    do throws(Errno) {
      return Owned(try OpenWatch())
    } catch {
      return nil
    }
  }
}
