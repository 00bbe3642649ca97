/// What ends the work before it is done: from outside, and not for a failure.
enum Interruption: Equatable, Sendable {
  case signal(Int32)
  case timeout
}

extension Interruption {
  var exitStatus: Int32 {
    switch self {
    case .signal(let number): ExitStatus.signal(number)
    case .timeout: ExitStatus.timedOut.rawValue
    }
  }

  /// As one word for programs.
  var code: String {
    switch self {
    case .signal: "signal"
    case .timeout: "timed-out"
    }
  }

  /// `subject`: what was being worked on.
  func message(_ subject: String, _ timeout: TimeSpan?) -> Message {
    switch self {
    case .signal(let number): Message(what: subject, why: "ended by \(HeardSignals.name(of: number))")
    case .timeout: Message(what: subject, why: "timed out" + (timeout.map { " after \($0.seconds.asTime)" } ?? ""))
    }
  }
}
