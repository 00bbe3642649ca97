internal import Glibc

/// A lock between all of root's processes that change a pool of huge pages: on a file that nobody else can even open, since
/// whoever may read a file can hold its locks for as long as he likes (flock(2)). It goes with its owner. In the file is what
/// whoever changes the pool notes for those who come after him.
struct PoolLock: ~Copyable, Sendable {
  private let file: FileDescriptor

  /// For `PoolSize`, while there is this.
  var number: Int32 { file.number }

  /// Whether the file can be written to.
  let isForNotes: Bool

  private init(_ file: consuming FileDescriptor, isForNotes: Bool) {
    self.file = file
    self.isForNotes = isForNotes
  }

  /// With the places of helpers (`PlaceFile`), in a directory that only root can put anything into.
  private static let directory = "/run/ktask"

  static func path(_ pageSize: Int) -> String { "\(directory)/\(name(pageSize))" }

  private static func name(_ pageSize: Int) -> String { "pool-\(pageSize >> 10)kB" }

  /// nil while another process has it. ENOENT: there is no such file, and none can be made. EPERM: somebody else has put
  /// something into its place, or may do so.
  static func claim(pageSize: Int) throws(Errno) -> PoolLock? {
    if unsafe mkdir(directory, 0o755) == 0 { _ = unsafe chmod(directory, 0o755) }
    let folder = try FileDescriptor.open(directory, [.pathOnly, .directory])
    try demand(folder, S_IFDIR, closedTo: 0o022)
    do throws(Errno) {
      return try claim(FileDescriptor.open(name(pageSize), .createToKeep, in: folder.number), isForNotes: true)
    } catch .readOnly {
      return try claim(FileDescriptor.open(name(pageSize), .readOnly, in: folder.number), isForNotes: false)
    }
  }

  private static func claim(_ file: consuming FileDescriptor, isForNotes: Bool) throws(Errno) -> PoolLock? {
    try demand(file, S_IFREG, closedTo: 0o077)
    return try file.lockExclusively() ? PoolLock(file, isForNotes: isForNotes) : nil
  }

  /// Root's own, and without these rights for others.
  private static func demand(_ file: borrowing FileDescriptor, _ kind: mode_t, closedTo others: mode_t) throws(Errno) {
    var status = stat()
    if unsafe fstat(file.number, &status) == -1 { throw .current }
    if status.st_mode & S_IFMT != kind || status.st_uid != 0 || status.st_mode & others != 0 { throw .permission }
  }
}
