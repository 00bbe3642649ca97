import Testing

@testable import ktaskctl

@Suite("Names and words of others in lines of text")
struct QuotingTests {
  @Test(
    "are shown as ls(1) shows them, and what is harmless as it is",
    arguments: [
      ("/dev/shm/vm 1", "/dev/shm/vm 1"), ("café", "café"), ("日本", "日本"), ("می\u{200C}خواهم", "می\u{200C}خواهم"),
      ("a\\nb", "a\\\\nb"), ("a\nktaskctl: done", "a\\nktaskctl: done"), ("\u{1B}[2J", "\\033[2J"), ("\r\t", "\\r\\t"),
      ("\u{7F}\u{7}\u{8}\u{B}\u{C}", "\\177\\a\\b\\v\\f"), ("\u{85}\u{9B}31m", "\\302\\205\\302\\23331m"),
      ("\u{202E}gpj.exe", "\\342\\200\\256gpj.exe"),
      ("\u{2066}\u{2069}\u{200F}", "\\342\\201\\246\\342\\201\\251\\342\\200\\217"),
      ("\u{61C}", "\\330\\234"), ("\u{2028}\u{2029}", "\\342\\200\\250\\342\\200\\251"), ("\r\n", "\\r\\n"),
    ])
  func shown(name: String, shown: String) {
    #expect(name.shown == shown)
    #expect(name.shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.properties.generalCategory != .control })
    #expect(name.shown.onOneLine == name.shown)
  }

  /// Whatever ends, begins or doubles a quote, and what grows together with it.
  private static let words = [
    "plain", "", " ", "a b", "it's", "'", "''", "a'\u{301}b", "\u{301}", "-x", "--size", "$HOME `id` $(id) \"x\" \\",
    "*?[a]", "~",
    "#x", "a;b|c&d>e<f", "{}", "!!", "café", "cafe\u{301}", "=x", "\\", "\\'", "日本 語",
  ]

  @Test("are words to a shell", arguments: words)
  func shell(word: String) throws {
    try expect("sh", word)
  }

  @Test(
    "are words to a shell that knows POSIX.1-2024's quotes where they hold what is not to be seen",
    .enabled(if: Host.has("bash")),
    arguments: ["a\nb", "\n", "\u{1B}[31m1", "it's\t\\7", "\u{202E}'x", "\u{85}", "\u{1}7\u{7F}"])
  func shellOfToday(word: String) throws {
    try expect("bash", word)
    #expect(quotedForShell(word).onOneLine == quotedForShell(word))
  }

  private func expect(_ shell: String, _ word: String) throws {
    let line = "printf '<%s>' \(quotedForShell(word)) \(quotedForShell(word))"
    let ended = try Child([shell, "-c", line]).end()
    #expect(ended.out.utf8.elementsEqual("<\(word)><\(word)>".utf8), "\(line): \(ended.out)\(ended.err)")
  }

  @Test("of files are never options")
  func files() {
    #expect(quotedFile("-x") == "./-x")
    #expect(quotedFile("--size=1G") == "./--size=1G")
    #expect(quotedFile("/dev/shm/-x") == "/dev/shm/-x")
    #expect(quotedFile("a b") == "'a b'")
  }

  @Test("are the same strings in JSON, without what does something to a terminal")
  func json() {
    var document = Document.sample
    document.files[0].path = "\u{1B}[31m\u{202E}\u{85}\u{2028}\u{7F}\u{E0001}\n\u{301}\""
    let text = document.json()
    #expect(
      text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.properties.generalCategory != .format })
    #expect(text.contains("\\u202e\\u0085\\u2028\\u007f\\udb40\\udc01"))
  }

  @Test("stay within their cells")
  func cells() throws {
    var results = Document.Result.sweep
    results[0].command = "ktaskctl prefault 'a,\u{301}b\"\u{301}c' 'd|\u{301}e' '`f``g'"
    results[1].command = "ktaskctl prefault plain"
    let rows = CSV.text(results).split(separator: "\n")
    #expect(rows.count == 3)
    #expect(rows[1].utf8.starts(with: "\"ktaskctl prefault 'a,\u{301}b\"\"\u{301}c' 'd|\u{301}e' '`f``g'\",2.0,".utf8))
    #expect(rows[2].hasPrefix("ktaskctl prefault plain,"))
    let lines = Markdown.text(results).split(separator: "\n")
    #expect(lines.count == 4)
    #expect(
      lines[2].utf8.starts(with: "| ``` ktaskctl prefault 'a,\u{301}b\"\u{301}c' 'd\\|\u{301}e' '`f``g' ``` | ".utf8))
    #expect(lines[3].hasPrefix("| `ktaskctl prefault plain` | "))
  }
}
