import Testing

extension ProgramTests {
  @Suite("The progress bar")
  struct ProgressTests {
    /// Long enough for some tenths of a second.
    private static let work = ["clear", "--size", "1G", "--page-size", "4K", "--threads", "1", "--runs", "1"]

    @Test("is not drawn where standard error is no terminal")
    func notOnAFile() throws {
      let ended = try start(Self.work).end()
      #expect(ended.status == 0)
      #expect(ended.out.contains("verified: 1 GiB resident"))
      #expect(!ended.err.contains("\r"))
    }

    @Test("is drawn anywhere with --progress always, and erased")
    func always() throws {
      let ended = try start(Self.work + ["--progress", "always"], under: ["env", "TERM=xterm"]).end()
      #expect(ended.err.contains("\rclear "))
      #expect(ended.err.contains(" %") && ended.err.contains("GiB") && ended.err.contains(" left"))
      #expect(ended.err.contains("\r\u{1B}[K"))
      #expect(!ended.out.contains("\r"))
    }

    @Test(
      "is lines without control sequences where the terminal knows none, and only if it is asked for",
      .enabled(if: Host.has("script"), "needs script(1)"), arguments: ["TERM=dumb", "TERM=", "-u TERM"])
    func noControls(variable: String) throws {
      let line = "env \(variable) " + ([BuiltProgram.path] + Self.work).joined(separator: " ")
      let silent = try tool("script", "--quiet", "--return", "--command", line, "/dev/null").replacing(
        "\r\n", with: "\n")
      #expect(!silent.contains("\r") && !silent.contains("\u{1B}") && !silent.contains("run 1 of"), "\(silent)")
      let always = try tool(
        "script", "--quiet", "--return", "--command", line + " --progress always", "/dev/null"
      ).replacing("\r\n", with: "\n")
      #expect(!always.contains("\r") && !always.contains("\u{1B}"), "\(always)")
      #expect(always.contains("ktaskctl: clear anonymous memory: run 1 of 2, 1 thread: "), "\(always)")
    }

    @Test("is drawn on a terminal, and not with --progress never", .enabled(if: Host.has("script"), "needs script(1)"))
    func onATerminal() throws {
      let line = (["TERM=xterm", BuiltProgram.path] + Self.work).joined(separator: " ")
      let drawn = try tool("script", "--quiet", "--return", "--command", line, "/dev/null")
      #expect(drawn.contains("\rclear "))
      let silent = try tool("script", "--quiet", "--return", "--command", line + " --progress never", "/dev/null")
      #expect(!silent.contains("\rclear "))
    }
  }
}
