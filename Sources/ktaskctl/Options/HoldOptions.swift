import ArgumentParser

/// Options of the commands whose result can be kept by the process itself.
struct HoldOptions: ParsableArguments {
  @Flag(help: "Keep the result until SIGTERM, SIGINT or SIGHUP")
  var hold = false

  @Flag(help: "As --hold, or until standard input ends")
  var holdUntilEof = false

  @Option(help: ArgumentHelp("The process's number into FILE, while it runs", valueName: "file"), completion: .file())
  var pidfile: String?

  /// nil: not kept.
  var wanted: Hold? {
    if holdUntilEof { return .untilInputEnds }
    return hold ? .untilSignal : nil
  }
}

/// What ends a hold.
enum Hold: Equatable, Sendable {
  case untilSignal
  /// Or a signal.
  case untilInputEnds

  var text: String {
    switch self {
    case .untilSignal: "until SIGTERM"
    case .untilInputEnds: "until standard input ends"
    }
  }
}
