import Foundation
import LinuxSystem
import Testing

@testable import ktaskctl

/// A program of the tests' own that makes large memory calls, alone and under `ktaskctl run`.
enum Preloaded {
  static let caller = BuiltProgram.helper("ktask-call")

  /// Bytes of a call in most scenarios.
  static let bytes = 96 << 20

  /// The library that the built program finds.
  static let library = try? Preload.path(URL(filePath: BuiltProgram.path).resolvingSymlinksInPath().path)
  static let isBuilt = library != nil
  static let need: Comment = "needs what `make library` builds"

  /// Two threads are asked for by name: what others do on the machine then leaves none out.
  static let options = ["--threads", "2"]

  static func alone(_ words: [String]) throws -> Ended { try Child([caller] + words).end() }

  static func run(_ words: [String], _ more: [String] = [], under: [String] = []) throws -> Ended {
    try start(["run"] + options + more + ["--", caller] + words, under: under).end()
  }

  /// The words that bind a program to two CPUs.
  static func onTwoCPUs() throws -> [String] {
    let allowed = try CPUSet.allowed()
    let cpus = (0..<CPUSet.limit).lazy.filter(allowed.contains).prefix(2)
    if cpus.count < 2 || !Host.has("taskset") { try Test.cancel("needs two CPUs, and taskset") }
    return ["taskset", "-c", cpus.map(String.init).joined(separator: ",")]
  }

  /// By PROCMAP_QUERY, which came with Linux 6.11.
  static func tellsPageSizes() throws -> Bool {
    let release = try tool("uname", "-r").split(separator: ".").prefix(2).compactMap { Int($0) }
    return !release.lexicographicallyPrecedes([6, 11])
  }

  /// Has a copy of the program in that folder find it, too.
  static func install(beside folder: String) throws {
    guard let library else { return }
    let place = folder + "/../lib/ktask"
    try tool("mkdir", "-p", place)
    try tool("cp", library, URL(filePath: library).deletingLastPathComponent().path + "/libktask.so.1", place)
  }

  /// What a process has told.
  struct Report: Decodable {
    struct Call: Decodable {
      var call: String
      var bytes: Int
      var parallelBytes: Int
      var threads: Int?
      var seconds: Double?
      var left: String?
    }
    var ktaskctl: String
    var command: String
    var process: Int
    var program: String
    var calls: [Call]
    var callsMade: Int
    var until: String?
  }

  static func report(_ path: String) throws -> Report { try report(text: Host.text(path)) }

  static func report(text: String) throws -> Report {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Report.self, from: Data(text.utf8))
  }
}

extension Scratch {
  /// A program or library of that name, in C.
  func compile(_ name: String, _ text: String, _ words: String...) throws {
    let source = file(name + ".c")
    try Data(text.utf8).write(to: URL(filePath: source))
    let ended = try Child(["clang", "-O2", "-o", file(name), source] + words).end()
    #expect(ended.status == 0, "\(ended.err)")
  }
}

/// A scenario of the caller's, and what the report is to say of it.
struct CallScenario: Sendable, CustomTestStringConvertible {
  /// The words; FILE is a new file's name.
  var words: [String]
  /// Bytes that several threads make; nil: none, and no call is told.
  var parallel: [Int]
  /// Why something is left to the kernel, in the order of the calls.
  var left: [String?]

  init(_ words: String, parallel: Int...) {
    self.init(words, parallel, left: parallel.map { _ in nil })
  }

  init(_ words: String, left: String) { self.init(words, [0], left: [left]) }

  init(_ words: String, _ parallel: [Int], left: [String?]) {
    self.words = words.split(separator: " ").map(String.init)
    self.parallel = parallel
    self.left = left
  }

  var testDescription: String { words.joined(separator: " ") }

  /// Runs it alone and under `run`: results, error numbers, pages, mappings' flags and what is dirty are the same.
  func compare(_ scratch: Scratch, folder: String? = nil, fileBytes: Int? = nil) throws {
    let file = (folder ?? scratch.path) + "/file"
    func words() throws -> [String] {
      try? FileManager.default.removeItem(atPath: file)
      if let fileBytes { try tool("truncate", "--size", "\(fileBytes)", file) }
      return self.words.map { $0 == "FILE" ? file : $0 }
    }
    let alone = try Preloaded.alone(words())
    let report = scratch.file("report.json")
    let under = try Preloaded.run(words(), ["--report", report])
    try? FileManager.default.removeItem(atPath: file)
    #expect(under.status == alone.status && under.err == alone.err, "\(under.err)")
    #expect(under.out == alone.out)
    let calls = try Preloaded.report(report).calls
    #expect(calls.map(\.parallelBytes) == parallel, "\(calls)")
    #expect(calls.allSatisfy { $0.parallelBytes == 0 || $0.threads == 2 && $0.seconds != nil }, "\(calls)")
    for (call, why) in zip(calls, left) {
      #expect(why.map { call.left?.contains($0) == true } ?? (call.left == nil), "\(call)")
    }
  }
}
