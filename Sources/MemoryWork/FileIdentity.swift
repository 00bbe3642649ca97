internal import LinuxSystem

/// What a name means, so that two names of one file are known without comparing each with each. Names are bytes.
enum FileIdentity: Hashable {
  case file(device: UInt64, inode: UInt64)
  /// There is none yet: the name in its directory.
  case place(device: UInt64, inode: UInt64, name: [UInt8])
  /// Not even its directory can be looked at.
  case words([UInt8])

  init(named path: String) {
    if let file = try? FileStatus.ofName(path) {
      self = .file(device: file.device, inode: file.inode)
    } else if let parent = Self.directory(of: path) {
      let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { Array($0) }
      self = .place(device: parent.device, inode: parent.inode, name: name ?? [])
    } else {
      self = .words(Array(path.utf8))
    }
  }

  init(_ status: FileStatus) { self = .file(device: status.device, inode: status.inode) }

  private static func directory(of path: String) -> FileStatus? {
    do throws(Errno) {
      return try FileDescriptor.open(LinuxSystem.directory(of: path), [.pathOnly, .directory, .followLinks]).status()
    } catch {
      return nil
    }
  }
}
