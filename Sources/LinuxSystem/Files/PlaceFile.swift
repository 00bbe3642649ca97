internal import CLinux
internal import Glibc
internal import Synchronization

/// Places that all processes of a machine share, each had by one at a time: bytes of a file under open-file-description
/// locks (fcntl(2)). A place is free again the moment that its holder is gone, however it went: a forked child of its closes its
/// copy of the descriptor.
///
/// Nothing is ever written into the file, and nobody but its owner may: read locks do, since whoever takes a place looks
/// afterwards whether another has it, too, and then gives it up. So every user can take part, none can fill a disk, and
/// what the file contains is no matter.
///
/// The program whose descriptors these are may close all that it did not open itself, and open files of its own at their
/// numbers. So the file is known by its device and inode, and its number is neither used nor closed when another file, or
/// none, is open there.
public struct PlaceFile: ~Copyable, Sendable {
  private let number: Int32
  private let identity: Identity
  /// Whose descriptor it is, where forked children close theirs: what such a child opens at the number is not this one's, be it the
  /// same file. slot -1: children have it, too.
  private let generation = Generation.current
  private let slot: Int32
  /// Once another file was seen at the number: should one like it be opened there again, it is somebody else's.
  private let isLost = Atomic<Bool>(false)

  private struct Identity: Equatable {
    let device: dev_t
    let inode: ino_t

    init(_ status: stat) { (device, inode) = (status.st_dev, status.st_ino) }
  }

  /// Opens the file at `path`, which root makes with its directory where they are missing, for everybody to read. nil where
  /// it cannot be had, where anybody but root could have put something else in its place, or where the kernel or the file
  /// system has no such locks.
  public init?(_ path: String, in directory: String) {
    if geteuid() == 0 { Self.make(path, directory) }
    guard let descriptor = try? FileDescriptor.open(path, .readOnly), Self.isSound(descriptor, directory),
      Self.hasLocks(descriptor)
    else { return nil }
    let raised = descriptor.raised()
    var status = stat()
    if unsafe fstat(raised.number, &status) != 0 { return nil }
    identity = Identity(status)
    number = raised.released()
    slot = clinux_close_in_children(number)
  }

  deinit {
    if isOpen { close(number) }
    if slot >= 0 && generation == Generation.current { clinux_keep_in_children(slot) }
  }

  /// What is open at the number; nil where it is not this file any more.
  private var status: stat? {
    if isLost.load(ordering: .relaxed) { return nil }
    if slot >= 0 && generation != Generation.current { return nil }
    var status = stat()
    if unsafe fstat(number, &status) == 0, Identity(status) == identity { return status }
    isLost.store(true, ordering: .relaxed)
    return nil
  }

  /// Whether it is this file that is open at the number: to be asked before it is used.
  public var isOpen: Bool { status != nil }

  private static func make(_ path: String, _ directory: String) {
    if unsafe mkdir(directory, 0o755) == 0 { _ = unsafe chmod(directory, 0o755) }
    let file = unsafe Glibc.open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    if file < 0 { return }
    // whatever the umask is
    fchmod(file, 0o644)
    close(file)
  }

  private static func isSound(_ file: borrowing FileDescriptor, _ directory: String) -> Bool {
    var (own, parent) = (stat(), stat())
    guard unsafe fstat(file.number, &own) == 0, unsafe lstat(directory, &parent) == 0 else { return false }
    return isRoots(own, S_IFREG) && isRoots(parent, S_IFDIR)
  }

  /// Without locks every place would seem to be taken (EINVAL, ENOLCK).
  private static func hasLocks(_ file: borrowing FileDescriptor) -> Bool {
    let beyondAllPlaces: Int64 = 1 << 62
    do throws(Errno) {
      try Errno.check(clinux_byte_take(file.number, beyondAllPlaces))
      clinux_byte_release(file.number, beyondAllPlaces)
      return true
    } catch {
      return error == .tryAgain || error == .access
    }
  }

  private static func isRoots(_ status: stat, _ kind: mode_t) -> Bool {
    status.st_mode & S_IFMT == kind && status.st_uid == 0 && status.st_mode & 0o022 == 0
  }

  /// Whether the file still has a name, and is open: others would not find it any more otherwise, or this process not use it.
  public var isNamed: Bool { status.map { $0.st_nlink > 0 } ?? false }

  /// Takes a place; false if another process has it. Two that try at the same moment may both be refused. Allocates nothing.
  public func take(_ place: Int) -> Bool { clinux_byte_take(number, Int64(place)) == 0 }

  /// Gives a place back.
  public func release(_ place: Int) { _ = clinux_byte_release(number, Int64(place)) }

  /// Some places of `range`, one after the other, that another process has; nil when it has none. Where the kernel does
  /// not tell, all of them count as taken.
  public func taken(in range: Range<Int>) -> Range<Int>? {
    var (first, end) = (Int64(range.lowerBound), Int64(range.upperBound))
    if range.isEmpty { return nil }
    if unsafe clinux_bytes_taken(number, &first, &end) != 0 { return range }
    return first < end ? Int(first)..<Int(end) : nil
  }
}
