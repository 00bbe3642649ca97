import Foundation

/// ktask-inject: what it did to a run of the built program, and how that ended.
struct Injected {
  enum End: Equatable {
    case exit(Int32)
    case signal(Int32)
    /// It stood still, and was killed.
    case hung
  }

  var end = End.hung
  /// Calls that were made, and how often; only where they were counted.
  var counts: [String: Int] = [:]
  /// Calls that were not made.
  var injections = 0
  /// The first of them, as it was to be made.
  var place = ""
  /// Where its threads stood still.
  var threads: [String] = []
  var out = ""
  var err = ""
  var seconds = 0.0

  /// Beside the built program, or beside the tests.
  static let tool = BuiltProgram.helper("ktask-inject")

  static let isPossible: Bool = {
    let ended = try? Child([tool, "/dev/null", "count", "--", "true"]).end()
    return ended?.status == 0
  }()

  /// Runs a program as ktask-inject is told to.
  init(_ injector: [String], _ words: [String], report: String) throws {
    let child = try Child([Self.tool, report] + injector + ["--"] + words)
    // the injector itself ends one that stands still
    let ended = child.end(limit: 3600)
    (out, err, seconds) = (ended.out, ended.err, ended.seconds)
    for line in Host.text(report).split(separator: "\n") { read(line) }
  }

  private mutating func read(_ line: Substring) {
    let words = line.split(separator: " ")
    switch words[0] {
    case "call": counts[String(words[1])] = Int(words[2])
    case "injected": injections = Int(words[1]) ?? 0
    case "at": place = String(line.dropFirst(3))
    case "hangs": threads.append(String(line.dropFirst(6)))
    case "end" where words[1] == "exit": end = .exit(Int32(words[2])!)
    case "end" where words[1] == "signal": end = .signal(Int32(words[2])!)
    default: break
    }
  }
}
