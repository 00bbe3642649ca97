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

  /// The README's script for a virtual machine, with another directory in place of one, and without KVM.
  init(readme place: String, is folder: String, _ scratch: Scratch) throws {
    self.folder = scratch.path
    path = scratch.file("start-vm")
    guard let example = Example.all.first(where: { $0.page == "README.md" && $0.lines[0] == "#!/bin/bash" }) else {
      throw Failure("the README has no script")
    }
    let text = example.script.replacing(place, with: folder).replacing("-accel kvm", with: "-accel tcg")
    try Data(text.utf8).write(to: URL(filePath: path))
    if FileFacts(self.folder + "/ktaskctl") == nil {
      try tool("ln", "-s", BuiltProgram.path, self.folder + "/ktaskctl")
    }
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

  /// Reads it into a shell that runs `line` then.
  func source(_ line: String) throws -> Ended {
    try Child(environment + ["bash", "-c", ". \(path); \(line)"]).end()
  }
}
