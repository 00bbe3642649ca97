internal import Glibc

/// The right to change how many huge pages of one size the machine keeps (`nr_hugepages`), held by one process at a
/// time: the kernel's file is read, added to and written, and two who did so at once would undo each other's change.
///
/// The lock goes with its owner (`PoolLock`). It binds only those that take it.
public struct PoolSize: ~Copyable, Sendable {
  /// Why it cannot be had at all.
  public enum Failure: Error, Equatable, Sendable {
    /// EACCES, EROFS: this process may not change pools.
    case setting(Errno)
    /// The file with the lock, at a path.
    case lock(String, Errno)
  }
  private let file: FileDescriptor
  /// nil: the kernel's file itself is locked.
  private let lock: PoolLock?
  /// The lock's descriptor, where there is a file for notes.
  private let notes: Int32?
  public let pageSize: Int

  /// nil while another process has it.
  public static func claim(pageSize: Int) throws(Failure) -> PoolSize? {
    // first: who may not change pools needs no lock
    let file: FileDescriptor
    do throws(Errno) {
      file = try FileDescriptor.open(path(pageSize, node: nil), .readWrite)
    } catch {
      throw .setting(error)
    }
    do throws(Errno) {
      guard let lock = try PoolLock.claim(pageSize: pageSize) else { return nil }
      let notes = lock.isForNotes ? lock.number : nil
      return PoolSize(file, lock, notes, pageSize)
    } catch .noEntry {
      return try claimSetting(file, pageSize)
    } catch {
      throw .lock(PoolLock.path(pageSize), error)
    }
  }

  /// Where there is no /run to share, or none that can be written: whoever may read the setting can hold it, too. So those who
  /// have the lock do not ask for it.
  private static func claimSetting(
    _ file: consuming FileDescriptor, _ pageSize: Int
  ) throws(Failure) -> PoolSize? {
    do throws(Errno) {
      return try file.claim() ? PoolSize(file, nil, nil, pageSize) : nil
    } catch {
      throw .lock(path(pageSize, node: nil), error)
    }
  }

  /// Whether this process may change the pool at all, as far as rights go: EACCES, EROFS where not (faccessat(2)).
  public static func checkRight(pageSize: Int) throws(Errno) {
    if unsafe faccessat(AT_FDCWD, path(pageSize, node: nil), W_OK, AT_EACCESS) == -1 { throw .current }
  }

  private init(
    _ file: consuming FileDescriptor, _ lock: consuming PoolLock?, _ notes: Int32?, _ pageSize: Int
  ) {
    self.file = file
    self.lock = lock
    self.notes = notes
    self.pageSize = pageSize
  }

  /// Asks for so many pages, on one node or on all. The kernel makes as many as it can find memory for and says nothing
  /// of the rest: read it back. Fewer than are in use make the surplus.
  public func set(_ pages: Int, node: Int?) throws(Errno) {
    guard let node else { return try file.write("\(pages)") }
    let ofNode = try FileDescriptor.open(Self.path(pageSize, node: node), .readWrite)
    try ofNode.write("\(pages)")
  }

  private static func path(_ pageSize: Int, node: Int?) -> String {
    let folder = node.map { "/sys/devices/system/node/node\($0)/hugepages" } ?? "/sys/kernel/mm/hugepages"
    return "\(folder)/\(HugePagePool.name(pageSize))/nr_hugepages"
  }

  /// What was noted last, by whoever had the right then; nil: here is no place for notes. They are gone when the machine
  /// starts, as the pools are.
  public func note() throws(Errno) -> String? {
    guard let notes else { return nil }
    var bytes = [UInt8](repeating: 0, count: Self.longestNote)
    let count = unsafe pread(notes, &bytes, bytes.count, 0)
    if count == -1 { throw .current }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Longer than any machine's, a line for each node.
  private static let longestNote = 1 << 16

  /// Notes this, in place of what was noted before; of a longer one something may stay behind it.
  public func note(_ text: String) throws(Errno) {
    guard let notes else { return }
    let bytes = Array(text.utf8)
    if unsafe pwrite(notes, bytes, bytes.count, 0) != bytes.count { throw .current }
  }

  /// Has the kernel move pages together, so that huge ones become free (/proc/sys/vm/compact_memory).
  public static func compact() throws(Errno) {
    // cannot be opened for reading
    let number = unsafe open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC)
    if number == -1 { throw Errno.current }
    try FileDescriptor(owning: number).write("1")
  }
}

extension FileDescriptor {
  /// A kernel's setting, in one call (pwrite(2)).
  fileprivate func write(_ text: String) throws(Errno) {
    let bytes = Array(text.utf8)
    while unsafe pwrite(number, bytes, bytes.count, 0) == -1 {
      let error = Errno.current
      if error != .interrupted { throw error }
    }
  }
}

extension HugePagePool {
  /// Pages that the pool keeps, on one node or on all.
  public func total(on node: Int?) -> Int {
    guard let node else { return total }
    return nodes.first { $0.number == node }?.total ?? 0
  }

  /// Pages of the pool's own size, without the surplus.
  public var persistent: Int { total -| surplus }

  /// The same on one node, or on all.
  public func persistent(on node: Int?) -> Int {
    guard let node else { return persistent }
    return nodes.first { $0.number == node }.map { $0.total -| $0.surplus } ?? 0
  }
}
