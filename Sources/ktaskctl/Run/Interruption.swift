/// What ends the work before it is done: from outside, and not for a failure.
enum Interruption: Equatable, Sendable {
  case signal(Int32)
  case timeout
  /// The process whose memory was being made ready has ended.
  case processEnded
}

extension Interruption {
  var exitStatus: ExitStatus {
    switch self {
    case .signal(let number): .signal(number)
    case .timeout: .timedOut
    case .processEnded: .failed
    }
  }

  /// `subject`: what was being worked on.
  func failure(_ subject: String, _ timeout: TimeSpan?) -> Failure {
    let why =
      switch self {
      case .signal(let number): "ended by \(HeardSignals.name(of: number))"
      case .processEnded: "its process has ended"
      case .timeout: "timed out" + (timeout.map { " after \($0.seconds.asTime)" } ?? "")
      }
    return Failure(subject, why, exitStatus)
  }
}
