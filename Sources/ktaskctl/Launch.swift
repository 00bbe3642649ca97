import Glibc
import LinuxSystem
import MemoryWork

/// The command of `exec`, and what it is to find.
struct Launch: Equatable {
  /// COMMAND's words as the user wrote them.
  var command: [String]
  /// The memory cannot be cut any more.
  var seal: Bool

  /// With the memory's name in place of every `{}`.
  func words(for path: String) -> [String] {
    command.map { $0.split(separator: "{}", omittingEmptySubsequences: false).joined(separator: path) }
  }

  private var hasPlace: Bool { command.contains { $0.contains("{}") } }

  var warnings: [String] {
    hasPlace ? [] : ["no word of COMMAND has {}, which stands for the memory's name: it will not find it"]
  }

  /// Found before any memory is made; a word with {} is not known by then.
  var isMissing: Bool { !command[0].contains("{}") && !Execution.isThere(command[0]) }

  /// What the signals did before this program took them.
  static let inheritedSignals = SignalActions(of: Watch.all + Watch.dropped)
}

/// The statuses of env(1).
enum LaunchStatus {
  static let cannotRun: Int32 = 126
  static let notFound: Int32 = 127

  static func of(_ errno: Errno) -> Int32 { errno == .noEntry ? notFound : cannotRun }

  static func message(_ command: String, _ errno: Errno) -> Message {
    Message(what: command, why: "cannot be run: \(errno.description) (\(errno.name))")
  }

  static func failure(_ command: String, _ errno: Errno) -> Document.Failure {
    Document.Failure(
      code: errno == .noEntry ? "command-not-found" : "command-not-run", exitStatus: Int(of(errno)),
      message: message(command, errno).why, path: command, errno: errno.name)
  }
}

extension Program {
  /// Lets COMMAND take this process's place; comes back only where that failed, and then nothing is left.
  static func launch(_ launch: Launch, _ plan: Plan, _ watch: Watch) -> Int32 {
    let file = plan.job.files[0]
    watch.handOver()
    defer { _ = plan.takeBack() }
    if case .signal(let number) = watch.end {
      show(Message(what: file.path, why: "ended by \(Watch.name(of: number)) before COMMAND was run"))
      return ExitStatus.signal(number)
    }
    do throws(MemoryError) {
      try file.handOver(sealing: launch.seal)
    } catch {
      show(error.message)
      return error.exitStatus.rawValue
    }
    Launch.inheritedSignals.restore()
    let words = launch.words(for: file.inheritedPath)
    let error = Execution.replace(by: words)
    show(LaunchStatus.message(words[0], error))
    return LaunchStatus.of(error)
  }
}
