import ArgumentParser
import Testing

@testable import ktaskctl

@Suite("The help")
struct HelpTextTests {
  private static let commands = Ktaskctl.configuration.subcommands.map { $0._commandName }
  private static let atWork = commands.filter { CommandHelp.command($0) is any WorkCommand.Type }

  private func text(_ command: String) throws -> String {
    try #require(HelpText.of(CommandHelp.command(command) ?? Ktaskctl.self))
  }

  /// The line of an option, with those that it goes on in.
  private func entry(_ option: String, in text: String) -> String {
    let lines = text.split(separator: "\n")
    guard let start = lines.firstIndex(where: { $0.hasPrefix("  ") && $0.contains(option + " ") }) else { return "" }
    return lines[start...].prefix(2).enumerated().filter { $0 == 0 || $1.hasPrefix("       ") && !$1.contains("--") }
      .map(\.element).joined(separator: " ")
  }

  @Test("of every command is one screen", arguments: commands + [""])
  func screen(command: String) throws {
    let text = try text(command)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    #expect(text.hasSuffix("\n") && lines.count <= 40, "\(lines.count) lines")
    #expect(lines.allSatisfy { $0.count <= 80 && $0.last != " " }, "\(lines.filter { $0.count > 80 })")
    #expect(lines[1].hasPrefix("USAGE: ktaskctl \(command.isEmpty ? "COMMAND" : command) "))
  }

  @Test("groups the options: what, how, helpers, output", arguments: atWork)
  func groups(command: String) throws {
    let titles = try text(command).split(separator: "\n").filter { $0.hasSuffix(":") && !$0.hasPrefix(" ") }
    #expect(titles == ["What:", "How:", "Helpers:", "Output:"])
  }

  @Test("names every option, and none that the command refuses", arguments: commands)
  func options(command: String) throws {
    let text = try text(command)
    let type = try #require(CommandHelp.command(command))
    let help = try #require(CommandHelp(of: type))
    for option in help.options where !["-h", "--help"].contains(option) {
      #expect(!entry(option, in: text.replacing(",", with: " ")).isEmpty, "\(option)")
    }
    for option in (type as? any WorkCommand.Type)?.refused.keys.sorted() ?? [] {
      #expect(!help.options.contains(option) && !text.contains("\(option) "), "\(option)")
    }
  }

  /// All but names of files, what is there for several, and what a command needs.
  @Test("shows the default of everything that has a value", arguments: atWork)
  func defaults(command: String) throws {
    let text = try text(command)
    let type = try #require(CommandHelp.command(command))
    let help = try #require(CommandHelp(of: type))
    let valued = (help.arguments ?? []).filter {
      $0.kind == .option && $0.valueName != "file" && $0.valueName != "region"
    }
    #expect(valued.count >= 8)
    for argument in valued {
      let entry = entry(argument.dashed[argument.dashed.count - 1], in: text)
      #expect(entry.contains("default: ") || entry.contains("(needed)"), "\(entry)")
    }
  }

  @Test("the defaults are the command's own")
  func ownDefaults() throws {
    #expect(entry("--runs", in: try text("clear")).hasSuffix("(default: 3)"))
    #expect(entry("--runs", in: try text("prefault")).hasSuffix("(default: 1)"))
    #expect(entry("--threads", in: try text("pin")).hasSuffix("(default: 1, 2, 4 …)"))
    #expect(entry("--threads", in: try text("release")).hasSuffix("(default: auto)"))
    #expect(entry("--min-chunk", in: try text("exec")).hasSuffix("(default: 128M)"))
    #expect(entry("--nice", in: try text("verify")).hasSuffix("(default: 19)"))
    #expect(entry("--progress", in: try text("verify")).hasSuffix("(default: auto)"))
  }
}
