internal import CLinux
internal import Glibc

/// A file that names this process while it runs, for scripts that want to signal it. Removed at the end of its life.
///
/// A lock that dies with the process, not the file's being there, says whether its process still lives: a number that
/// is left behind by a killed process hurts nobody.
public struct PidFile: ~Copyable {
  /// Why it cannot be had.
  public enum Failure: Error, Equatable, Sendable {
    /// A process that still runs has it: this one, where its number can be read.
    case busy(process: Int?)
    /// There is something else of that name, which is left alone.
    case isSomethingElse
    case failed(Step, Errno)
  }

  /// What is done with the file.
  public enum Step: String, Sendable { case open, inspect, lock, read, write }

  private let file: FileDescriptor
  private let place: FilePlace

  /// Makes the file, mode 0644, or takes over what a process left that is no more: a regular file of this user's own, under one
  /// name, that `isFree` does not spare. What it made does not stay where the rest fails.
  public static func claim(_ path: String, isFree: (FileStatus) -> Bool = { _ in true }) throws(Failure) -> PidFile {
    let place = try attempting(.open) { () throws(Errno) in try FilePlace(path) }
    // another process may remove its file between our opening and our locking it
    for _ in 0..<100 {
      if let file = try made(in: place) { return PidFile(file, place) }
      if let file = try takenOver(in: place, isFree) { return PidFile(file, place) }
    }
    throw .failed(.open, .tryAgain)
  }

  private init(_ file: consuming FileDescriptor, _ place: consuming FilePlace) {
    self.file = file
    self.place = place
  }

  /// At the end of what it stands for.
  public consuming func remove() {}

  deinit {
    // what is not known to be ours stays
    if let own = try? file.status() { try? place.remove(own) }
  }

  /// nil where there is something of that name.
  private static func made(in place: borrowing FilePlace) throws(Failure) -> FileDescriptor? {
    let file: FileDescriptor
    do throws(Errno) {
      file = try place.create()
    } catch .exists {
      return nil
    } catch {
      throw .failed(.open, error)
    }
    do throws(Failure) {
      if try !claim(file, in: place) { return nil }
    } catch {
      if case .failed = error, let own = try? file.status() { try? place.remove(own) }
      throw error
    }
    return file
  }

  /// nil where it has gone.
  private static func takenOver(
    in place: borrowing FilePlace, _ isFree: (FileStatus) -> Bool
  ) throws(Failure) -> FileDescriptor? {
    guard let found = try attempting(.open, { () throws(Errno) in try place.lookIfAny() }) else { return nil }
    let status = try attempting(.inspect) { () throws(Errno) in try found.value.status() }
    guard status.kind == .regular, status.owner == geteuid(), status.names <= 1, isFree(status) else {
      throw .isSomethingElse
    }
    let file = try attempting(.open) { () throws(Errno) in try place.open(found.value, .readWrite) }
    if try !claim(file, in: place) { return nil }
    return file
  }

  /// False where it has lost its name meanwhile.
  private static func claim(
    _ file: borrowing FileDescriptor, in place: borrowing FilePlace
  ) throws(Failure) -> Bool {
    if try !lock(file, in: place) { return false }
    if try !isNamed(file, in: place) { return false }
    try attempting(.write) { () throws(Errno) in try write("\(getpid())\n", into: file) }
    return true
  }

  /// False where nobody but readers keep it from us, whose lock says nothing: then it loses its name.
  private static func lock(_ file: borrowing FileDescriptor, in place: borrowing FilePlace) throws(Failure) -> Bool {
    let text = try attempting(.read) { () throws(Errno) in try file.shortText() }
    guard let text, text.allSatisfy({ $0.isNumber }) else { throw .isSomethingElse }
    if try attempting(.lock, { () throws(Errno) in try file.claim() }) { return true }
    if try !attempting(.lock, { () throws(Errno) in try file.isClaimedByReaders() }) { throw .busy(process: Int(text)) }
    try attempting(.lock) { () throws(Errno) in
      do throws(Errno) {
        try place.remove(file.status())
      } catch {
        // another has been quicker
        if error != .stale && error != .noEntry { throw error }
      }
    }
    return false
  }

  /// What was there stays where there is no room for more.
  private static func write(_ text: String, into file: borrowing FileDescriptor) throws(Errno) {
    let bytes = Array(text.utf8)
    let count = unsafe pwrite(file.number, bytes, bytes.count, 0)
    if count != bytes.count { throw count == -1 ? .current : .noSpace }
    try file.resize(to: bytes.count)
    // for all to read, whatever the umask is, and only now: nobody could lock it before us
    if fchmod(file.number, 0o644) == -1 { throw .current }
  }

  private static func isNamed(
    _ file: borrowing FileDescriptor, in place: borrowing FilePlace
  ) throws(Failure) -> Bool {
    try attempting(.inspect) { () throws(Errno) in
      do throws(Errno) {
        return try place.status().isSameFile(as: file.status())
      } catch .noEntry {
        return false
      }
    }
  }

  private static func attempting<Value: ~Copyable>(
    _ step: Step, _ body: () throws(Errno) -> Value
  ) throws(Failure) -> Value {
    do throws(Errno) {
      return try body()
    } catch {
      throw .failed(step, error)
    }
  }
}

extension FileDescriptor {
  /// What is in a file of a few bytes, without the end of its line; nil for a longer one (pread(2)).
  fileprivate func shortText() throws(Errno) -> String? {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = unsafe pread(number, &bytes, bytes.count, 0)
    if count == -1 { throw .current }
    if count == bytes.count { return nil }
    let text = String(decoding: bytes.prefix(count), as: UTF8.self)
    return text.last == "\n" ? String(text.dropLast()) : text
  }
}
