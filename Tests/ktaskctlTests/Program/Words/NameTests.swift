import Foundation
@unsafe @preconcurrency import Glibc
import Testing

@testable import ktaskctl

extension ProgramTests {
  /// Whoever owns a directory gives its files their names.
  @Suite("Names of files", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct NameTests {
    let scratch: Scratch
    let folder: String

    init() throws {
      scratch = try Scratch()
      folder = try scratch.tmpfs(mebibytes: 80)
    }

    /// With what moves a cursor, ends a line, turns directions, or grows together with what is before it.
    private static let names = [
      "a\nktaskctl: all verified\nb", "\u{1B}[2J\u{1B}]0;x\u{7}", "\u{9B}31mred", "\u{202E}gpj", "\u{2066}x\u{2069}",
      "\r\u{85}\u{2028}",
      "\u{301}mark", "caf\u{E9}", "cafe\u{301}", "a,\"b\"|`c`", "it's $HOME `id`", "-x", "--", "\\n", "\u{7F}\t",
    ]

    private func path(_ name: String) -> String { "\(folder)/\(name)" }

    private func expectHarmless(_ text: String, _ location: SourceLocation = #_sourceLocation) {
      #expect(
        text.split(separator: "\n").allSatisfy { String($0).onOneLine == String($0) }, "\(text)",
        sourceLocation: location)
    }

    private static let lines = [
      ["prefault", "--size", "1M", "--dry-run"], ["prefault", "--size", "1M", "-v"], ["prefault"], ["verify"],
      ["verify", "--zero", "--size", "2M"], ["clear", "--runs", "1", "-v"], ["prefault", "--size", "1T"],
      ["clear", "--size", "4M"],
      ["release"],
      ["prefault", "--progress", "json", "--size", "2M"],
      ["release", "--unlink"], ["verify"], ["prefault", "--export-json", "/dev/null/x", "--size", "1M"],
    ]

    @Test("do nothing to a terminal, and end no line, whatever is told of them", arguments: names)
    func harmless(name: String) throws {
      for line in Self.lines {
        let ended = try start([line[0], path(name)] + line.dropFirst()).end()
        #expect(ended.status >= 0, "\(line): \(ended.err)")
        expectHarmless(ended.out)
        expectHarmless(ended.err)
        #expect(!(ended.out + ended.err).contains("\nktaskctl: all verified"))
      }
    }

    @Test("are the same files in the document, and its command gives them to a shell", arguments: names)
    func documented(name: String) throws {
      let ended = try start(["prefault", path(name), "--size", "1M", "--json"]).end()
      #expect(ended.status == 0, "\(ended.err)")
      expectHarmless(ended.out)
      let document = try ended.document()
      #expect(document.files.first?.path.utf8.elementsEqual(path(name).utf8) == true)
      #expect(FileFacts(path(name))?.allocated == 1 << 20)
      let shell = name.onOneLine == name ? "sh" : "bash"
      let script = "ktaskctl() { printf '%s\\n' \"$2\"; }; \(document.results[0].command)"
      let words = try Child([shell, "-c", script]).end()
      #expect(words.out.utf8.elementsEqual("\(path(name))\n".utf8), "\(script): \(words.out)\(words.err)")
    }

    @Test("go into the tables of the exports as one cell", arguments: names)
    func exports(name: String) throws {
      let (csv, markdown) = (scratch.file("csv"), scratch.file("markdown"))
      let ended = try start(
        ["clear", path(name), "--size", "1M", "--runs", "1", "--warmup", "0", "--threads", "1"]
          + ["--export-csv", csv, "--export-markdown", markdown]
      ).end()
      #expect(ended.status == 1, "there is no such file yet")
      try tool("truncate", "--size", "1M", "--", path(name))
      let cleared = try start(
        ["clear", path(name), "--runs", "1", "--warmup", "0", "--threads", "1"]
          + ["--export-csv", csv, "--export-markdown", markdown]
      ).end()
      #expect(cleared.status == 0, "\(cleared.err)")
      let rows = try String(contentsOfFile: csv, encoding: .utf8)
      #expect(rows.utf8.count { $0 == UInt8(ascii: "\n") } == 2, "\(rows)")
      #expect(Self.cells(rows.utf8.split(separator: UInt8(ascii: "\n"))[1]) == 14, "\(rows)")
      let table = try String(contentsOfFile: markdown, encoding: .utf8)
      #expect(table.utf8.count { $0 == UInt8(ascii: "\n") } == 3, "\(table)")
      expectHarmless(table)
      let row = Array(table.utf8.split(separator: UInt8(ascii: "\n"))[2])
      let bars = row.indices.count { row[$0] == UInt8(ascii: "|") && ($0 == 0 || row[$0 - 1] != UInt8(ascii: "\\")) }
      #expect(bars == 11, "\(table)")
    }

    /// By RFC 4180: commas that are between quotes separate nothing.
    private static func cells(_ row: Substring.UTF8View) -> Int {
      var (count, isQuoted) = (1, false)
      for byte in row {
        if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
        if byte == UInt8(ascii: ",") && !isQuoted { count += 1 }
      }
      return count
    }

    @Test("that look alike are two files")
    func normalization() throws {
      let (composed, decomposed) = (path("caf\u{E9}"), path("cafe\u{301}"))
      let both = try ktaskctl("prefault", composed, decomposed, "--size", "1M")
      #expect(both.status == 0, "\(both.err)")
      #expect(FileFacts(composed)?.allocated == 1 << 20 && FileFacts(decomposed)?.allocated == 1 << 20)
      let export = try ktaskctl("prefault", composed, "--export-json", decomposed + ".json", "--size", "1M")
      #expect(export.status == 0, "\(export.err)")
      let regions = try ktaskctl(
        "prefault", "--region", "path=\(composed)", "--region", "path=\(decomposed)", "--size", "1M")
      #expect(regions.status == 0, "\(regions.err)")
    }

    @Test("that begin with a mark are in their own directory, for exports and regions, too")
    func marks() throws {
      let name = path("\u{301}vm")
      let ended = try ktaskctl("prefault", "--region", "path=\(name),size=1M", "--export-json", name + ".json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(FileFacts(name)?.allocated == 1 << 20 && FileFacts(name + ".json") != nil)
      let value = try ktaskctl("prefault", "--region", "size=1M,path=\(path("a,\u{301}b=\u{301}c"))")
      #expect(value.status == 0, "\(value.err)")
      #expect(FileFacts(path("a,\u{301}b=\u{301}c")) != nil)
    }

    @Test("tell a service manager of one thing a line", arguments: names)
    func manager(name: String) throws {
      let manager = try NotifyReceiver(scratch.file("notify"))
      let ended = try start(["prefault", path(name), "--size", "16M"], under: manager.environment).end()
      #expect(ended.status == 0, "\(ended.err)")
      let messages = try manager.messages(upTo: "READY=1")
      for message in messages {
        expectHarmless(message)
        #expect(
          message.split(separator: "\n").allSatisfy {
            $0.prefix { $0 != "=" }.allSatisfy { $0.isUppercase || $0 == "_" }
          })
      }
    }

    @Test("of the pidfile and of COMMAND are shown alike", arguments: names)
    func others(name: String) throws {
      try tool("mkdir", "--", path(name))
      let pidfile = try ktaskctl("prefault", path("vm"), "--size", "1M", "--pidfile", path(name))
      #expect(pidfile.status == 8 || pidfile.status == 64, "\(pidfile.err)")
      expectHarmless(pidfile.err)
      let command = try ktaskctl("exec", "--size", "1M", "--", path(name) + "/none", "{}")
      #expect(command.status == 127, "\(command.err)")
      expectHarmless(command.err)
      let mixed = try ktaskctl("clear", path(name), "--region", "path=\(path(name))")
      #expect(mixed.status == 64)
      expectHarmless(mixed.err)
    }

    @Test("in words that mean nothing are shown, too")
    func wrongWords() throws {
      for words in [
        ["clear", "--size", "\u{1B}[2J"], ["\u{202E}"], ["clear", "--\u{1B}[31m"], ["pin", "--with", "\u{9B}1m"],
      ] {
        let ended = try start(words).end()
        #expect(ended.status == 64)
        expectHarmless(ended.err)
      }
    }

    @Test("{} stands for the memory whatever follows it")
    func placeholder() throws {
      let ended = try ktaskctl("exec", "--size", "1M", "--", "echo", "{}\u{301}")
      #expect(ended.out.utf8.starts(with: "/proc/self/fd/".utf8), "\(ended.out)\(ended.err)")
      #expect(!ended.err.contains("no word of COMMAND"))
    }
  }
}
