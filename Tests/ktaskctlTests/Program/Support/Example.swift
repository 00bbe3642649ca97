import Foundation
import TestSupport
import Testing

/// An example of the manual or of the README, as it stands there.
struct Example: CustomTestStringConvertible {
  /// "ktaskctl-clear.8".
  let page: String
  let lines: [String]

  /// The README's name for it, in a comment before it.
  var block: String?

  /// What tells it from the page's other examples: its name, or its first line without the prompt.
  var name: String { block ?? Self.withoutPrompt(lines[0]) }
  var testDescription: String { "\(page): \(name)" }

  /// For a shell: lines with a prompt are commands, and those without one belong to them; output is left out.
  var script: String {
    if lines[0].hasPrefix("#!") || !lines.contains(where: Self.hasPrompt) { return lines.joined(separator: "\n") }
    var script: [String] = []
    var isCommand = false
    for line in lines {
      if Self.hasPrompt(line) {
        isCommand = true
        script.append(Self.withoutPrompt(line))
      } else if isCommand {
        script.append(line)
      }
      isCommand = isCommand && line.hasSuffix("\\")
    }
    return script.joined(separator: "\n")
  }

  private static func hasPrompt(_ line: String) -> Bool { line.hasPrefix("# ") || line.hasPrefix("$ ") }

  private static func withoutPrompt(_ line: String) -> String { hasPrompt(line) ? String(line.dropFirst(2)) : line }
}

extension Example {
  /// All there are, but for the recipes' scripts, which have names and tests of their own.
  static let all: [Example] = {
    let pages =
      (try? FileManager.default.contentsOfDirectory(atPath: Checkout.folder.appending(path: "man").path)) ?? []
    return pages.sorted().flatMap { ofManual($0) } + ofReadme()
  }()

  private static func text(_ path: String) -> [String] {
    let text = (try? String(contentsOf: Checkout.folder.appending(path: path), encoding: .utf8)) ?? ""
    return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// Lines of `.Dl`, and displays of `.Bd -literal`.
  private static func ofManual(_ page: String) -> [Example] {
    var examples: [Example] = []
    var display: [String]?
    var isScript = false
    for line in text("man/" + page) {
      if line.hasPrefix(".\\\" script: ") {
        isScript = true
      } else if line.hasPrefix(".Dl ") {
        examples.append(Example(page: page, lines: [plain(line.dropFirst(4))]))
      } else if line.hasPrefix(".Bd -literal") {
        display = []
      } else if line == ".Ed" {
        if let display, !isScript { examples.append(Example(page: page, lines: display)) }
        (display, isScript) = (nil, false)
      } else {
        display?.append(plain(line[...]))
      }
    }
    return examples
  }

  /// As roff prints it.
  private static func plain(_ line: Substring) -> String {
    String(line).replacing("\\e", with: "\\").replacing("\\-", with: "-").replacing("\\&", with: "")
  }

  /// Blocks between fences.
  private static func ofReadme() -> [Example] {
    var examples: [Example] = []
    var block: [String]?
    var name: String?
    for line in text("README.md") {
      if let word = line.wholeMatch(of: /<!-- block: (.*) -->/)?.1 { name = String(word) }
      if !line.hasPrefix("```") {
        block?.append(line)
      } else if let lines = block {
        examples.append(Example(page: "README.md", lines: lines, block: name))
        (block, name) = (nil, nil)
      } else {
        block = []
      }
    }
    return examples
  }
}
