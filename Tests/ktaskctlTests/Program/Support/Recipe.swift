import Foundation
import TestSupport

/// A script of ktaskctl-recipes(7), as it stands there.
struct Recipe {
  let path: String
  private let folder: String

  init(_ name: String, _ scratch: Scratch) throws {
    folder = scratch.path
    path = scratch.file(name)
    let text = try tool(
      Checkout.folder.path + "/Tests/recipe.sh", Checkout.folder.path + "/man/ktaskctl-recipes.7", name)
    try Data(text.utf8).write(to: URL(filePath: path))
    if FileFacts(folder + "/ktaskctl") == nil { try tool("ln", "-s", BuiltProgram.path, folder + "/ktaskctl") }
  }

  /// With the built program on the PATH.
  private var environment: [String] {
    ["env", "PATH=\(folder):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"]
  }

  /// Runs it as a program.
  func run(_ words: [String], variables: [String] = []) throws -> Ended {
    try start(words, variables: variables).end()
  }

  func start(_ words: [String], variables: [String] = []) throws -> Child {
    try Child(environment + variables + ["bash", path] + words)
  }

  /// Runs a line of a shell.
  func shell(_ line: String, variables: [String] = []) throws -> Ended {
    try Child(environment + variables + ["bash", "-c", line]).end()
  }

  /// Reads it into a shell that runs `line` then.
  func source(_ line: String) throws -> Ended {
    try Child(environment + ["bash", "-c", ". \(path); \(line)"]).end()
  }
}
