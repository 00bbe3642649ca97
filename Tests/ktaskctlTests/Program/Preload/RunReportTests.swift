import Foundation
import Testing

extension ProgramTests {
  @Suite("ktaskctl run: what is told", .enabled(if: Preloaded.isBuilt, Preloaded.need))
  struct RunReportTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("is the calls, their bytes, threads and seconds, as text")
    func text() throws {
      let file = scratch.file("report")
      let ended = try Preloaded.run(["syscall"], ["--report", file])
      #expect(ended.err == "")
      let lines = Host.text(file).split(separator: "\n")
      #expect(lines.count == 3)
      #expect(lines[0].wholeMatch(of: /ktaskctl run: ktask-call \(process \d+\): 2 large calls/) != nil)
      #expect(lines[1].wholeMatch(of: /\ \ mmap of 96 MiB: 96 MiB by 2 threads in \d+\.\d{3} s/) != nil)
      #expect(lines[2].wholeMatch(of: /\ \ mlock of 96 MiB: 96 MiB by 2 threads in \d+\.\d{3} s/) != nil)
    }

    @Test("goes to standard output behind COMMAND's own words, as text or as JSON")
    func output() throws {
      let alone = try Preloaded.alone(["populate-private"]).out
      let text = try Preloaded.run(["populate-private"], ["--report", "-"])
      #expect(text.out.hasPrefix(alone + "ktaskctl run: ktask-call "), "\(text.out)")
      let json = try Preloaded.run(["populate-private"], ["--report", "json"])
      #expect(json.out.hasPrefix(alone + "{\n"))
      let document = Data(json.out.dropFirst(alone.count).utf8)
      #expect((try? JSONSerialization.jsonObject(with: document)) != nil, "\(json.out)")
    }

    @Test("with -v what is done, on standard error, and why a call was left to the kernel")
    func verbose() throws {
      let ended = try Preloaded.run(["advise-hole"], ["-v"])
      #expect(ended.out == (try Preloaded.alone(["advise-hole"]).out))
      let lines = ended.err.split(separator: "\n")
      #expect(lines[0].hasPrefix("ktaskctl: \(Preloaded.caller): calls of 64 MiB or more are made parallel, by /"))
      #expect(lines.last?.hasSuffix("left to the kernel: not all of it is mapped") == true, "\(ended.err)")
    }

    @Test("goes into the file that was meant at the start, and nowhere where that cannot be written")
    func place() throws {
      let shell = ["sh", "-c", "cd \(scratch.path); exec \"$@\"", "sh"]
      _ = try start(["run", "--report", "report", "--", "sh", "-c", "cd /; exec true"], under: shell).end()
      #expect(Host.text(scratch.file("report")).hasPrefix("ktaskctl run: true (process "))
      let ended = try ktaskctl("run", "--report", "/nowhere/report", "--", "touch", scratch.file("mark"))
      #expect(ended.status == 1)
      #expect(ended.message.hasPrefix("ktaskctl: /nowhere/report: the report could not be written:"))
      #expect(FileFacts(scratch.file("mark")) == nil)
    }

    @Test("of a program's name that JSON has to write otherwise is still JSON")
    func name() throws {
      let program = scratch.file("a\"\\b\u{1}ö\u{202E}😀")
      try FileManager.default.copyItem(atPath: Preloaded.caller, toPath: program)
      let report = scratch.file("report.json")
      #expect(try ktaskctl("run", "--report", report, "--", program, "populate-none").status == 0)
      #expect(try Preloaded.report(report).program == "a\"\\b\u{1}ö\u{202E}😀")
      #expect(!Host.text(report).unicodeScalars.contains { $0 == "\u{202E}" || $0 == "\u{1}" })
    }

    /// The caller, by another name.
    private func run(as name: String, _ report: String) throws -> Ended {
      let line = #"exec -a "$(printf \#(name))" "$0" populate-private"#
      return try ktaskctl("run", "--report", report, "--", "bash", "-c", line, Preloaded.caller)
    }

    @Test("of a program's name is all of it, however long, and does nothing to a terminal")
    func longName() throws {
      let report = scratch.file("report")
      let long = String(repeating: "x", count: 9000)
      #expect(try run(as: long, report).status == 0)
      #expect(Host.text(report).hasPrefix("ktaskctl run: \(long) (process "))
      #expect(try run(as: long, report + ".json").status == 0)
      #expect(try Preloaded.report(report + ".json").program == long)
      #expect(try run(as: #"'a\033[2J\nb\\c\303\266\377'"#, report).status == 0)
      #expect(Host.text(report).hasPrefix(#"ktaskctl run: a\033[2J\nb\\cö\377 (process "#), "\(Host.text(report))")
      #expect(try run(as: #"'a\377'"#, report + ".json").status == 0)
      #expect(try Preloaded.report(report + ".json").program == "a\u{FFFD}")
    }

    @Test("has its numbers as JSON has them, and not as COMMAND's locale")
    func locale() throws {
      let folder = scratch.file("locales")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      let name = "de_DE.UTF-8"
      if Host.has("localedef") {
        _ = try Child(["localedef", "--no-archive", "-i", "de_DE", "-f", "UTF-8", "\(folder)/\(name)"]).end()
      }
      if FileFacts("\(folder)/\(name)") == nil { try Test.cancel("needs localedef, and the sources of locales") }
      let report = scratch.file("report.json")
      let ended = try Preloaded.run(["in-locale", name], ["--report", report], under: ["env", "LOCPATH=\(folder)"])
      #expect(ended.out.hasPrefix("locale=de_DE.UTF-8 point=,\n"), "\(ended.out)")
      #expect(try Preloaded.report(report).calls.map { $0.seconds != nil } == [true])
    }

    @Test("beforehand is what would be done, and nothing is run")
    func dryRun() throws {
      let mark = scratch.file("mark")
      let report = scratch.file("report")
      let ended = try ktaskctl("run", "--dry-run", "--report", report, "--least", "1G", "--", "touch", mark)
      #expect(ended.status == 0 && ended.err == "")
      #expect(ended.out.contains("command   touch \(mark)\n"))
      #expect(ended.out.contains("calls     of 1 GiB or more\n"))
      #expect(FileFacts(mark) == nil && FileFacts(report) == nil)
    }
  }
}
