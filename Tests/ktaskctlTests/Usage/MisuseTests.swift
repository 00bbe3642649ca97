import ArgumentParser
import Testing

@testable import ktaskctl

@Suite("What may have been meant")
struct MisuseTests {
  /// As the program does it.
  private func misuse(_ words: [String]) throws -> Misuse {
    let command = CommandHelp.command(words.first)?._commandName
    do {
      _ = try Ktaskctl.parseAsRoot(Words.understood(words))
    } catch {
      return Misuse.of(Ktaskctl.message(for: error), command, words: words)
    }
    throw Told("it was understood", "")
  }

  @Test(
    "a command or an option that is nearly right is named",
    arguments: [
      (["claer"], "there is no command “claer”", "ktaskctl clear"),
      (["frobnicate", "--size", "1G"], "there is no command “frobnicate”", "ktaskctl --help"),
      (["clear", "--sze", "1G"], "unknown option --sze", "--size"),
      (["clear", "--szie=1G"], "unknown option --szie", "--size"),
      (["prefault", "f", "--grow-pol"], "unknown option --grow-pol", "--grow-pool"),
      (["clear", "--frobnicate"], "unknown option --frobnicate", "ktaskctl clear --help"),
      (["topology", "--jsn"], "unknown option --jsn", "--json"),
      (["--size", "1G", "clear"], "--size stands before the command", "ktaskctl clear --size"),
      (["--size", "1G"], "--size stands before the command", "ktaskctl COMMAND --size"),
      (["--frobnicate"], "unknown option --frobnicate", "ktaskctl --help"),
      (["--versoin"], "unknown option --versoin", "--version"),
      (["clear", "--size"], "Missing value for '--size <size>'", "ktaskctl clear --help"),
    ])
  func near(words: [String], why: String, remedy: String) throws {
    let misuse = try misuse(words)
    #expect(misuse.why == why && misuse.remedy == remedy, "\(misuse)")
  }

  @Test(
    "what a command does not take has its reason where there is one",
    arguments: [
      (["release", "f", "--method", "touch"], "release makes no pages: it takes no --method"),
      (["release", "f", "-n", "0"], "release gives pages back wherever they are: it takes no -n"),
      (["release", "f", "--policy", "bind"], "release gives pages back wherever they are: it takes no --policy"),
      (["release", "f", "--runs", "2"], "release can be done once: it takes no --runs"),
      (["release", "f", "-w", "1"], "release can be done once: it takes no -w"),
      (["verify", "f", "--method", "touch"], "verify makes no pages: it takes no --method"),
      (["verify", "f", "--policy", "bind"], "verify places no pages: it takes no --policy"),
      (["verify", "f", "--even-if-open"], "verify changes nothing: it takes no --even-if-open"),
      (["exec", "-s", "1M", "--runs", "2", "--", "true"], "exec makes memory once: it takes no --runs"),
      (["exec", "-s", "1M", "--even-if-open", "--", "true"], "exec works on no FILE: it takes no --even-if-open"),
      (["topology", "--size", "1G"], "topology takes no --size"),
      (["clear", "--seal"], "clear takes no --seal"),
    ])
  func notTaken(words: [String], why: String) throws {
    let misuse = try misuse(words)
    #expect(misuse.why == why && misuse.remedy == "ktaskctl \(words[0]) --help", "\(misuse)")
  }

  @Test(
    "JSON is asked for by either name, and not by somebody else's words",
    arguments: [
      (["clear", "--json"], true), (["clear", "-J"], true), (["clear", "-vJ"], true), (["clear", "-Jq"], true),
      (["exec", "--", "lscpu", "-J"], false), (["exec", "--", "lscpu", "--json"], false), (["clear", "J"], false),
      (["clear", "--J"], false), (["verify", "-xJ"], false), (["clear", "-"], false),
    ])
  func json(words: [String], isAsked: Bool) { #expect(Words.askForJSON(words) == isAsked) }
}
