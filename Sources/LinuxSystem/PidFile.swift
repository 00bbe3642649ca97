internal import CLinux
internal import Glibc

/// A file that names this process while it runs, for scripts that want to signal it. Removed at the end of its life.
///
/// A lock that dies with the process, not the file's being there, says whether its process still lives: a number that
/// is left behind by a killed process hurts nobody.
public struct PidFile: ~Copyable {
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
  private let path: String

  /// Makes the file, mode 0644, or takes over what a process left that is no more. What it made does not stay where the
  /// rest fails.
  public static func claim(_ path: String) throws(Failure) -> PidFile {
    // another process may remove its file between our opening and our locking it
    for _ in 0..<100 {
      if let file = try attempting(.open, { () throws(Errno) in try made(path) }) {
        do throws(Failure) {
          if let claimed = try claim(file, path) { return claimed }
        } catch {
          if case .failed = error { try? removeFile(path) }
          throw error
        }
      } else if let file = try opened(path), let claimed = try claim(file, path) {
        return claimed
      }
    }
    throw .failed(.open, .tryAgain)
  }

  private init(_ file: consuming FileDescriptor, _ path: String) {
    self.file = file
    self.path = path
  }

  /// At the end of what it stands for.
  public consuming func remove() {}

  deinit {
    // what is not known to be ours stays
    if (try? Self.isNamed(path, file)) == true { try? removeFile(path) }
  }

  /// nil where it has lost its name meanwhile.
  private static func claim(_ file: consuming FileDescriptor, _ path: String) throws(Failure) -> PidFile? {
    try lock(file)
    if try !isNamed(path, file) { return nil }
    try attempting(.write) { () throws(Errno) in try write("\(getpid())\n", into: file) }
    return PidFile(file, path)
  }

  /// nil where there is something of that name.
  private static func made(_ path: String) throws(Errno) -> FileDescriptor? {
    do throws(Errno) {
      return try FileDescriptor.open(path, .createNew, mode: 0o644)
    } catch .exists {
      return nil
    }
  }

  /// Nothing but a regular file that is empty or has a number in it is opened for good; nil where it has gone.
  private static func opened(_ path: String) throws(Failure) -> FileDescriptor? {
    do throws(Errno) {
      if try FileStatus.ofName(path).kind == .regular { return try FileDescriptor.open(path, .readWrite) }
    } catch .noEntry {
      return nil
    } catch {
      if error != .loop { throw .failed(.open, error) }
    }
    throw .isSomethingElse
  }

  private static func lock(_ file: borrowing FileDescriptor) throws(Failure) {
    let kind = try attempting(.inspect) { () throws(Errno) in try file.status().kind }
    let text = try attempting(.read) { () throws(Errno) in try file.shortText() }
    guard kind == .regular, let text, text.allSatisfy(\.isNumber) else { throw .isSomethingElse }
    let isOurs = try attempting(.lock) { () throws(Errno) in try file.claim() }
    if !isOurs { throw .busy(process: Int(text)) }
  }

  /// What was there stays where there is no room for more.
  private static func write(_ text: String, into file: borrowing FileDescriptor) throws(Errno) {
    let bytes = Array(text.utf8)
    let count = unsafe pwrite(file.number, bytes, bytes.count, 0)
    if count != bytes.count { throw count == -1 ? .current : .noSpace }
    try file.resize(to: bytes.count)
  }

  private static func isNamed(_ path: String, _ file: borrowing FileDescriptor) throws(Failure) -> Bool {
    try attempting(.inspect) { () throws(Errno) in
      do throws(Errno) {
        return try FileStatus.ofName(path).isSameFile(as: file.status())
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
