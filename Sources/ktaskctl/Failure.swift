import LinuxSystem
import MemoryWork

/// What failed of the program's own doings, not of the memory's: as it is told, and for the document.
struct ProgramFailure: Error {
  var message: Message
  var failure: Document.Failure

  var exitStatus: Int32 { Int32(failure.exitStatus) }

  init(_ message: Message, code: String, exitStatus: Int32, path: String? = nil, errno: Errno? = nil) {
    self.message = message
    failure = Document.Failure(
      code: code, exitStatus: Int(exitStatus), message: message.why, path: path, errno: errno?.name,
      remedy: message.remedy)
  }

  init(_ error: MemoryError) {
    message = error.message
    failure = Document.Failure(error)
  }

  /// An export that could not be written.
  init(export path: String, _ errno: Errno) {
    let message = Message(what: path.shown, why: "the export could not be written: \(errno.sentence)")
    self.init(message, code: "failed", exitStatus: ExitStatus.failed.rawValue, path: path, errno: errno)
  }

  /// A report that standard output did not take.
  init(report subject: String, _ errno: Errno) {
    let message = Message(what: subject, why: "the report could not be written: \(errno.sentence)")
    self.init(message, code: "failed", exitStatus: ExitStatus.failed.rawValue, errno: errno)
  }

  /// A call that failed before anything was looked at.
  init(setUp doing: String, _ errno: Errno) {
    let error = MemoryError(.failed(.inspect, errno))
    let message = Message(what: "set-up", why: "\(doing) failed: \(errno.sentence)")
    self.init(message, code: error.code, exitStatus: error.exitStatus.rawValue, errno: errno)
  }

  static func settingUp<Value>(
    _ doing: String, _ body: () throws(Errno) -> Value
  ) throws(ProgramFailure) -> Value {
    do throws(Errno) {
      return try body()
    } catch {
      throw ProgramFailure(setUp: doing, error)
    }
  }
}

extension Errno {
  /// "Invalid argument (EINVAL)".
  var sentence: String { "\(description) (\(name))" }
}
