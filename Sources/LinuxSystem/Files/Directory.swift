internal import CLinux
internal import Glibc

/// An open directory: whatever becomes of its name, it is this one in which names are looked at, made and changed.
public struct Directory: ~Copyable, Sendable {
  private let descriptor: FileDescriptor

  /// Follows links to it, as any program does (open(2), O_DIRECTORY).
  public init(_ path: String) throws(Errno) {
    descriptor = try FileDescriptor.open(path, [.directory, .followLinks])
  }

  /// What fstat(2) tells of it.
  public func status() throws(Errno) -> FileStatus { try descriptor.status() }

  /// The file system that a file made in it would be on.
  public func fileSystem() throws(Errno) -> FileSystemFacts { try descriptor.fileSystem() }

  /// The number of the mount that it lies on; nil: the kernel does not tell.
  public var mount: UInt64? { descriptor.mount }

  /// Its descriptor's number, to wait with.
  public var number: Int32 { descriptor.number }

  /// All names in it but `.` and `..`, in no order (readdir(3)).
  public func names() throws(Errno) -> [String] {
    var names: [String] = []
    try unsafe forEachName(in: descriptor) { name in
      unsafe names.append(String(cString: name))
      return true
    }
    return names
  }

  /// A name in it, whether there is something of that name or not.
  public func place(of name: String) throws(Errno) -> FilePlace {
    FilePlace(try FileDescriptor.open(".", [.pathOnly, .directory], in: descriptor.number), name)
  }
}

extension FilePlace {
  /// The place of another name in the same directory.
  public func beside(_ name: String) throws(Errno) -> FilePlace {
    FilePlace(try FileDescriptor.open(".", [.pathOnly, .directory], in: directory.number), name)
  }

  /// Gives a file that has this name another one, in one step (renameat2(2), RENAME_NOREPLACE). EEXIST: something else has
  /// it; EXDEV: it is on another mount; ESTALE: this name means another file by now.
  public func move(_ file: FileStatus, to other: borrowing FilePlace) throws(Errno) {
    if try !status().isSameFile(as: file) { throw .stale }
    try Errno.check(unsafe clinux_rename_new(directory.number, name, other.directory.number, other.name))
  }
}

/// Calls `body` with each name in an open directory but `.` and `..`, until it says false (readdir(3)). However many there
/// are, they take no memory.
func forEachName(
  in directory: borrowing FileDescriptor, _ body: (UnsafePointer<CChar>) -> Bool
) throws(Errno) {
  // readdir moves what it reads from
  let copy = try FileDescriptor.open(".", .directory, in: directory.number).released()
  guard let stream = unsafe fdopendir(copy) else {
    let error = Errno.current
    close(copy)
    throw error
  }
  defer { unsafe closedir(stream) }
  errno = 0
  while let entry = unsafe readdir(stream) {
    let name = unsafe clinux_entry_name(entry)
    if unsafe !isDot(name) && !body(name) { return }
    errno = 0
  }
  if errno != 0 { throw Errno.current }
}

private func isDot(_ name: UnsafePointer<CChar>) -> Bool {
  unsafe strcmp(name, ".") == 0 || strcmp(name, "..") == 0
}

/// What a symbolic link in a directory says (readlinkat(2)); nil where there is none.
func readLink(_ name: UnsafePointer<CChar>, in directory: borrowing FileDescriptor) -> String? {
  var target = [CChar](repeating: 0, count: Int(PATH_MAX))
  let count = unsafe readlinkat(directory.number, name, &target, target.count)
  if count < 0 { return nil }
  return String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
