import Foundation
@unsafe @preconcurrency import Glibc

/// A terminal of so many columns, in tmux's emulator, in which a program runs that a test looks at as a user would.
final class Screen {
  private let socket = "ktaskctl-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
  private let folder: String

  static let isHere = Host.has("tmux")
  static let needs = "needs tmux, a terminal to look at"

  /// `line`: for the shell. The screen stays when it has ended.
  init(columns: Int, _ line: String) throws {
    folder = try tool("mktemp", "--directory").trimmingCharacters(in: .whitespacesAndNewlines)
    let script = "\(folder)/line"
    try Data("trap : INT\n\(line)\necho THE END\nread -r line\n".utf8).write(to: URL(filePath: script))
    try tool(
      "env", "LC_ALL=C.UTF-8", "tmux", "-L", socket, "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y",
      "24",
      "sh \(script)")
  }

  deinit {
    _ = try? tool("tmux", "-L", socket, "kill-server")
    _ = try? FileManager.default.removeItem(atPath: folder)
  }

  func resize(columns: Int) throws { try tool("tmux", "-L", socket, "resize-window", "-x", "\(columns)") }

  func type(_ keys: String) throws { try tool("tmux", "-L", socket, "send-keys", keys) }

  /// The lines that are not empty, those too that have left the screen at its top.
  func lines() throws -> [String] {
    try tool("env", "LC_ALL=C.UTF-8", "tmux", "-L", socket, "capture-pane", "-p", "-S", "-").split(separator: "\n").map(
      String.init)
  }

  /// Looks until it is so.
  func wait(_ what: String, until isSo: ([String]) -> Bool) throws -> [String] {
    let began = Date()
    while true {
      let seen = try lines()
      if isSo(seen) { return seen }
      if Date().timeIntervalSince(began) > Child.patience { throw Failure("no \(what) on: \(seen)") }
      usleep(10_000)
    }
  }
}
