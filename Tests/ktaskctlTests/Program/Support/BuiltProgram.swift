import Foundation
import Testing

/// The built program: KTASKCTL's, or the one beside the tests.
enum BuiltProgram {
  static let path: String = {
    if let named = ProcessInfo.processInfo.environment["KTASKCTL"] { return named }
    var folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let candidate = folder.appending(path: "ktaskctl").path
      if isProgram(candidate) { return candidate }
    }
    return "ktaskctl"
  }()

  /// A program for tests only: beside the built program, or beside the tests.
  static func helper(_ name: String) -> String {
    let beside = URL(filePath: BuiltProgram.path).deletingLastPathComponent().appending(path: name).path
    if FileManager.default.isExecutableFile(atPath: beside) { return beside }
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    for folder in sequence(first: tests, next: { $0.path == "/" ? nil : $0.deletingLastPathComponent() }) {
      let candidate = folder.appending(path: name).path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
    }
    return name
  }

  private static func isProgram(_ path: String) -> Bool {
    let facts = try? FileManager.default.attributesOfItem(atPath: path)
    return facts?[.type] as? FileAttributeType == .typeRegular && FileManager.default.isExecutableFile(atPath: path)
  }
}

/// Runs the built program to its end, `under` another one if need be.
func ktaskctl(_ words: String..., under: [String] = [], limit: Double = Child.patience) throws -> Ended {
  try start(words, under: under).end(limit: limit)
}

/// Starts the built program.
func start(_ words: [String], under: [String] = []) throws -> Child {
  try Child(under + [BuiltProgram.path] + words)
}

/// Runs a tool of the system that must do its work.
@discardableResult
func tool(_ words: String...) throws -> String {
  let ended = try Child(words).end()
  if ended.status != 0 { throw Failure("\(words.joined(separator: " ")): status \(ended.status): \(ended.err)") }
  return ended.out
}

extension Ended {
  /// The message of the contract: `ktaskctl: WHAT: WHY`, and `  try: REMEDY` on a line of its own.
  var message: String { err.split(separator: "\n").first { $0.hasPrefix("ktaskctl: ") }.map(String.init) ?? "" }
  var remedy: String? {
    err.split(separator: "\n").first { $0.hasPrefix("  try: ") }.map { String($0.dropFirst("  try: ".count)) }
  }

  /// The one JSON document, and nothing else on standard output.
  func document(_ location: SourceLocation = #_sourceLocation) throws -> Answer {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let faults = try? Schema.ofDocuments?.faults(in: out)
    if let faults, !faults.isEmpty { Issue.record("not as the schema says: \(faults)", sourceLocation: location) }
    do {
      return try decoder.decode(Answer.self, from: Data(out.utf8))
    } catch {
      Issue.record("not the document: \(error)\n\(out)\n\(err)", sourceLocation: location)
      throw error
    }
  }
}
