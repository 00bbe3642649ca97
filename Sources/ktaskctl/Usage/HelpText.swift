internal import ArgumentParser

/// A command's help on one screen: what it is for, then an option a line, in groups, with its default. The whole sentences are
/// the manual's.
enum HelpText {
  /// Lines and columns that it fits in.
  static let (height, width) = (40, 80)

  /// Columns before an option's text.
  private static let indent = 30

  /// nil where ArgumentParser does not tell what `command` takes.
  static func of(_ command: any ParsableCommand.Type) -> String? {
    guard let help = CommandHelp(of: command) else { return nil }
    let isRoot = command == Ktaskctl.self
    let name = help.commandName
    let usage = command.configuration.usage ?? "ktaskctl \(name)"
    let more = isRoot ? "ktaskctl COMMAND --help, man ktaskctl" : "ktaskctl help \(name), man ktaskctl-\(name)"
    var parts =
      [[command.configuration.abstract, "USAGE: " + usage]] + (isRoot ? [commands] : []) + sections(help)
    var lines = parts.reduce(0) { $0 + $1.count }
    // the last line of a screen that is full is an option's
    if lines < height {
      parts.append(["More: " + more])
      lines += 1
    }
    // air, where there is room for it
    let gap = lines + parts.count - 1 <= height ? "\n\n" : "\n"
    return parts.map { $0.joined(separator: "\n") }.joined(separator: gap) + "\n"
  }

  /// Texts of neighbours that share a line, since the screen has no more of them.
  private static let shared: [String: String] = {
    let (file, report, words) = (
      "With --pid: that file alone (default: all)", "JSON, CSV, a table, a picture; -: standard output",
      "Errors only; or the plan and each thread, too"
    )
    return [
      "--fd": file, "--map": file, "--export-json": report, "--export-csv": report, "--export-markdown": report,
      "--plot": report, "--quiet": words, "--verbose": words,
    ]
  }()

  /// Options in their groups, in the order in which these are declared; first those that only this command has.
  private static func sections(_ help: CommandHelp) -> [[String]] {
    var (titles, rows) = ([String](), [String: [String]]())
    let arguments = (help.arguments ?? []).filter { $0.shouldDisplay && !$0.dashed.contains("--help") }
    let first = arguments.contains { $0.sectionTitle != nil } ? "What" : "Options"
    for line in together(arguments) {
      let title = line[0].sectionTitle ?? first
      if rows[title] == nil { titles.append(title) }
      let labels = line.map(\.label).joined(separator: ",").replacing(/, +/, with: ", ")
      rows[title, default: []] += row(labels, line.count > 1 ? text(line[0]) ?? "" : line[0].text)
    }
    return titles.map { ["\($0):"] + (rows[$0] ?? []) }
  }

  /// Those of each line.
  private static func together(_ arguments: [CommandHelp.Argument]) -> [[CommandHelp.Argument]] {
    arguments.reduce(into: []) { lines, argument in
      if let text = text(argument), let last = lines.last?.last, text == Self.text(last) {
        lines[lines.count - 1].append(argument)
      } else {
        lines.append([argument])
      }
    }
  }

  private static func text(_ argument: CommandHelp.Argument) -> String? {
    argument.dashed.last.flatMap { shared[$0] }
  }

  private static var commands: [String] {
    ["Commands:"]
      + Ktaskctl.configuration.subcommands.map {
        "  " + $0._commandName.padded(to: 10) + $0.configuration.abstract
      }
  }

  /// A label and its text; what does not fit goes on below.
  private static func row(_ label: String, _ text: String) -> [String] {
    var lines = [label.padded(to: indent)]
    if label.count > indent - 2 { lines.append(String(repeating: " ", count: indent)) }
    for (index, word) in text.split(separator: " ").enumerated() {
      let last = lines[lines.count - 1]
      let gap = index == 0 || last.allSatisfy { $0 == " " } ? "" : " "
      if last.count + gap.count + word.count <= width {
        lines[lines.count - 1] += gap + word
      } else {
        lines.append(String(repeating: " ", count: indent) + word)
      }
    }
    return lines
  }
}

extension CommandHelp.Argument {
  /// "  -s, --size SIZE", "      --json", "  FILE ..."
  fileprivate var label: String {
    let value = valueName.map { $0 == $0.lowercased() ? $0.uppercased() : $0 } ?? ""
    if kind == .positional { return "  \(value)\(isRepeating ? " ..." : "")" }
    let names = dashed.joined(separator: ", ")
    return (names.hasPrefix("--") ? "      " : "  ") + names + (kind == .option ? " \(value)" : "")
  }

  /// With its default, where its own words do not say it.
  fileprivate var text: String {
    let words = abstract ?? ""
    guard let defaultValue, kind == .option, !words.contains("(default: ") else { return words }
    return "\(words) (default: \(defaultValue))"
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
