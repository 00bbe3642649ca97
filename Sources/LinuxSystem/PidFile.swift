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
    case failed(Errno)
  }

  private let file: FileDescriptor
  private let path: String

  /// Makes the file, mode 0644, or takes over what a process left that is no more.
  public static func claim(_ path: String) throws(Failure) -> PidFile {
    // another process may remove its file between our opening and our locking it
    for _ in 0..<100 {
      let file = try opened(path)
      try lock(file)
      if isNamed(path, file) {
        try write("\(getpid())\n", into: file)
        return PidFile(file, path)
      }
    }
    throw .failed(.tryAgain)
  }

  private init(_ file: consuming FileDescriptor, _ path: String) {
    self.file = file
    self.path = path
  }

  /// At the end of what it stands for.
  public consuming func remove() {}

  deinit {
    if Self.isNamed(path, file) { try? removeFile(path) }
  }

  /// Nothing but a regular file that is empty or has a number in it is opened for good.
  private static func opened(_ path: String) throws(Failure) -> FileDescriptor {
    if let kind = try? FileStatus.ofName(path).kind, kind != .regular { throw .isSomethingElse }
    do throws(Errno) {
      return try FileDescriptor.open(path, .create, mode: 0o644)
    } catch .loop {
      throw .isSomethingElse
    } catch {
      throw .failed(error)
    }
  }

  private static func lock(_ file: borrowing FileDescriptor) throws(Failure) {
    guard (try? file.status().kind) == .regular, let number = file.shortText, number.allSatisfy(\.isNumber) else {
      throw .isSomethingElse
    }
    guard let isOurs = try? file.claim() else { throw .failed(.notSupported) }
    if !isOurs { throw .busy(process: Int(number)) }
  }

  private static func write(_ text: String, into file: borrowing FileDescriptor) throws(Failure) {
    if ftruncate(file.number, 0) == -1 { throw .failed(.current) }
    let bytes = Array(text.utf8)
    if unsafe pwrite(file.number, bytes, bytes.count, 0) != bytes.count { throw .failed(.current) }
  }

  private static func isNamed(_ path: String, _ file: borrowing FileDescriptor) -> Bool {
    guard let named = try? FileStatus.ofName(path), let opened = try? file.status() else { return false }
    return named.isSameFile(as: opened)
  }
}

extension FileDescriptor {
  /// What is in a file of a few bytes, without the end of its line; nil for a longer one.
  fileprivate var shortText: String? {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = unsafe pread(number, &bytes, bytes.count, 0)
    guard (0..<bytes.count).contains(count) else { return nil }
    let text = String(decoding: bytes.prefix(count), as: UTF8.self)
    return text.last == "\n" ? String(text.dropLast()) : text
  }
}
