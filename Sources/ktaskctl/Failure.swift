import LinuxSystem
import MemoryWork

/// Something that went wrong: what standard error says of it, and an entry of the document's `errors`.
struct Failure: Error, Equatable, Sendable {
  /// What it is about: "/dev/shm/vm", "anonymous memory".
  var what: String
  var why: String
  /// What may help: a command, a setting.
  var remedy: String?
  var exitStatus: ExitStatus
  /// The cause as one word for programs.
  var code: String
  var path: String?
  var errno: Errno?
  /// Where in the file or region, and of how much: bytes.
  var offset: Int?
  var bytes: Int?
  var node: Int?

  /// `code` nil: the status's own.
  init(
    _ what: String, _ why: String, remedy: String? = nil, _ exitStatus: ExitStatus = .failed, code: String? = nil,
    path: String? = nil, errno: Errno? = nil
  ) {
    self.what = what
    self.why = why
    self.remedy = remedy
    self.exitStatus = exitStatus
    self.code = code ?? exitStatus.code
    self.path = path
    self.errno = errno
  }

  /// As standard error shows it.
  var lines: [String] {
    (["ktaskctl: \(what): \(why)"] + (remedy.map { ["  try: \($0)"] } ?? [])).map(\.onOneLine)
  }
}

extension Failure {
  init(wrongUsage why: String, remedy: String) {
    self.init("wrong usage", why, remedy: remedy, .usage)
  }

  /// An export that could not be written.
  init(export path: String, _ errno: Errno) {
    self.init(path.shown, "the export could not be written: \(errno.sentence)", path: path, errno: errno)
  }

  /// A report that standard output did not take.
  init(report subject: String, _ errno: Errno) {
    self.init(subject, "the report could not be written: \(errno.sentence)", errno: errno)
  }

  /// COMMAND of `exec`, which could not take this process's place.
  init(command: String, _ errno: Errno) {
    self.init(
      command.shown, "cannot be run: \(errno.sentence)", errno == .noEntry ? .notFound : .cannotRun, path: command,
      errno: errno)
  }

  /// A call that failed before anything was looked at.
  init(setUp doing: String, _ errno: Errno) {
    let error = MemoryError(.failed(.inspect, errno))
    self.init("set-up", "\(doing) failed: \(errno.sentence)", error.exitStatus, code: error.code, errno: errno)
  }

  static func settingUp<Value>(_ doing: String, _ body: () throws(Errno) -> Value) throws(Failure) -> Value {
    do throws(Errno) {
      return try body()
    } catch {
      throw Failure(setUp: doing, error)
    }
  }
}

extension Errno {
  /// "Invalid argument (EINVAL)".
  var sentence: String { "\(description) (\(name))" }
}
