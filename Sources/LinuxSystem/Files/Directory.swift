internal import CLinux

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
