public import LinuxSystem

/// A stock: a directory of hugetlbfs or tmpfs with files of cleared memory, ready to be taken.
///
/// The names of its files are all the state that it has (`StockName`), and every step from one state to the next is one
/// rename(2) or unlink(2):
///
///     making ─▶ ready     cleared and verified by who made it, who had it locked all the time
///     ready ─▶ FILE       taken: by rename(2), or by unlink(2) where only the descriptor is handed on
///     FILE ─▶ returned    given back
///     returned ─▶ ready   as from `making`
///
/// So whoever dies between two steps leaves a file that is ready, or one that is not. Who makes one has it locked
/// (flock(2)), which ends with him however he ends: a file that is not ready and that nobody has locked is dirty, and is
/// cleaned or goes. A process's number says nothing and is nowhere.
public final class Stock {
  /// As it is named.
  public let path: String
  public let fileSystem: FileSystemFacts
  let directory: Owned<Directory>
  /// Whose its files are.
  let owner: UInt32
  /// Of its files that are ready those that are kept for somebody here.
  var reserved: Set<StockName> = []

  /// Throws where it is no directory of memory files, or where others than its owner might put a file into it that they know
  /// the content of.
  public init(_ path: String) throws(MemoryError) {
    self.path = path
    directory = try attempting(.open, path) { () throws(Errno) in Owned(try Directory(path)) }
    let folder = directory
    fileSystem = try attempting(.inspect, path) { () throws(Errno) in try folder.value.fileSystem() }
    let status = try attempting(.inspect, path) { () throws(Errno) in try folder.value.status() }
    owner = status.owner
    if ![.hugetlbfs, .tmpfs].contains(fileSystem.kind) {
      throw MemoryError(.wrongFileSystem(fileSystem.kind.rawValue), path: path)
    }
    if status.mode & 0o022 != 0 { throw MemoryError(.noStock(.othersMayWrite(mode: status.mode)), path: path) }
    if !status.isRootsOrOurs { throw MemoryError(.noStock(.othersOwn(user: owner)), path: path) }
  }

  /// nil: there is no such directory.
  public static func ifAny(_ path: String) throws(MemoryError) -> Stock? {
    do throws(MemoryError) {
      return try Stock(path)
    } catch {
      if error.cause == .failed(.open, .noEntry) { return nil }
      throw error
    }
  }

  /// The size that a file has of which `bytes` are asked for: whole pages where they are a pool's.
  public func size(of bytes: Int) throws(MemoryError) -> Int {
    try FileMeasure(bytes, of: 0, on: fileSystem, .resize, path).size
  }

  /// Hears of what comes into it, leaves it, or is done with.
  public func watch() throws(Errno) -> Owned<DirectoryWatch> { Owned(try DirectoryWatch(directory.value)) }

  /// Whether its path means another directory by now, or none; false where that is not told.
  public var isGone: Bool {
    guard let own = try? directory.value.status() else { return false }
    do throws(Errno) {
      return try !Directory(path).status().isSameFile(as: own)
    } catch {
      return [.noEntry, .notDirectory].contains(error)
    }
  }

  /// Bytes of its files' pages.
  public var pageSize: Int { fileSystem.kind == .hugetlbfs ? fileSystem.blockSize : MemoryInfo.basePageSize }

  /// What a file of it is called in messages.
  func path(of name: StockName) -> String { (path.utf8.last == UInt8(ascii: "/") ? path : path + "/") + name.text }

  func place(of name: StockName) throws(MemoryError) -> Owned<FilePlace> {
    try attempting(.open, path) { () throws(Errno) in Owned(try directory.value.place(of: name.text)) }
  }

  /// Whether a file at `place` could come from here by its name alone: both lie on one mount.
  func reaches(_ place: borrowing FilePlace) -> Bool {
    guard let own = try? directory.value.status(), let other = try? place.directoryStatus() else { return false }
    if own.device != other.device { return false }
    // where the kernel does not tell of mounts, rename(2) will
    guard let mount = directory.value.mount, let others = place.mount else { return true }
    return mount == others
  }
}

/// Why a directory is no stock, or a file cannot be in one.
public enum StockRefusal: Hashable, Sendable {
  /// Others than its owner may put files into it.
  case othersMayWrite(mode: UInt32)
  /// It is another user's.
  case othersOwn(user: UInt32)
  /// The file lies on another mount than the stock.
  case otherMount(stock: String)
  /// The file has other names, by which it stays reachable.
  case otherNames(Int)
  /// It has no file to look at.
  case noneReady
}
