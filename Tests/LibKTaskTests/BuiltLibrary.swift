import Foundation
import TestSupport

/// The C library, built once by the script that `make library` runs.
enum BuiltLibrary {
  static let sources = Checkout.folder.path + "/Sources"
  static let header = sources + "/CKTask/include"
  static let folder = Checkout.folder.path + "/.build/library"
  static let shared = folder + "/libktask.so.1"

  /// What the build said.
  static let build = Result { try Command([sources + "/LibKTask/library.sh", sources, folder]).demand() }

  static let hasClang = (try? Command(["clang", "--version"]).run().status) == 0
}

/// A command, its words and what it says.
struct Command {
  let words: [String]
  let environment: [String: String]

  init(_ words: [String], environment: [String: String] = [:]) {
    self.words = words
    self.environment = environment
  }

  struct Ended {
    var status: Int32
    var words: String
  }

  /// Standard output and error together.
  func run() throws -> Ended {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let words = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let isSignal = process.terminationReason == .uncaughtSignal
    return Ended(
      status: isSignal ? -process.terminationStatus : process.terminationStatus,
      words: String(decoding: words, as: UTF8.self))
  }

  /// What it says; one that fails is an error.
  @discardableResult
  func demand() throws -> String {
    let ended = try run()
    if ended.status != 0 { throw Failed(words: words.joined(separator: " "), status: ended.status, said: ended.words) }
    return ended.words
  }

  struct Failed: Error {
    let words: String
    let status: Int32
    let said: String
  }
}
