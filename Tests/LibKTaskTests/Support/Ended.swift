import Foundation
import TestSupport

/// What a command said, on both of its outputs, and its exit status; of a signal, 128 and its number.
struct Ended {
  let status: Int32
  let text: String
}

struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Runs a command that is found on the PATH; `variables` come on top of the environment's.
@discardableResult
func run(_ words: [String], _ variables: [String: String] = [:]) -> Ended {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = words
  process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
  let output = Pipe()
  (process.standardOutput, process.standardError) = (output, output)
  process.standardInput = FileHandle.nullDevice
  do {
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    let status = process.terminationStatus
    return Ended(
      status: process.terminationReason == .exit ? status : 128 + status, text: String(decoding: text, as: UTF8.self))
  } catch {
    return Ended(status: 127, text: "\(words[0]): \(error)")
  }
}

enum Tools {
  static func has(_ name: String) -> Bool { run(["sh", "-c", "command -v \"$1\"", "sh", name]).status == 0 }
}
