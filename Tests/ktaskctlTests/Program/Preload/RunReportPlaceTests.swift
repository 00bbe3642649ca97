import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("ktaskctl run: where its report goes", .enabled(if: Preloaded.isBuilt, Preloaded.need))
  struct RunReportPlaceTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// `run` under a line of a shell's, which has it as "$@", and the scratch folder as $0.
    private func run(_ report: String, _ words: [String], under line: String) throws -> Ended {
      let run = ["run"] + Preloaded.options + ["--report", report, "--", Preloaded.caller] + words
      return try start(run, under: ["sh", "-c", line, scratch.path]).end()
    }

    @Test("is nothing that COMMAND's end waits for while a thread of it has standard output", arguments: ["FILE", "-"])
    func heldOutput(report: String) throws {
      let report = report == "FILE" ? scratch.file("report") : report
      let ended = try Preloaded.run(["output-held"], ["--report", report, "-v"])
      #expect(ended.status == 0)
      #expect(ended.err.hasSuffix(": no large call was made\n"))
    }

    @Test("is a pipe that somebody reads, whose reader has all of it")
    func pipe() throws {
      let pipe = scratch.file("pipe")
      try tool("mkfifo", pipe)
      let reader = try Child(["cat", pipe])
      defer { reader.send(SIGKILL) }
      let ended = try Preloaded.run(["fork"], ["--report", pipe])
      #expect(ended.status == 0 && ended.err == "")
      let text = reader.end().out
      #expect(text.contains("  mmap of 96 MiB: 96 MiB by 2 threads"), "\(text)")
    }

    @Test("is no pipe that nobody reads, which COMMAND's end says")
    func unreadPipe() throws {
      let pipe = scratch.file("pipe")
      try tool("mkfifo", pipe)
      let ended = try Preloaded.run(["populate-none"], ["--report", pipe])
      #expect(ended.status == 0)
      #expect(ended.err == "ktaskctl run: \(pipe): the report could not be written: ENXIO\n")
    }

    @Test("is for another process nothing that somebody has put in its file's place")
    func placedPipe() throws {
      let report = scratch.file("report")
      let child = #"sh -c 'mkfifo "$0.$$"; exec "$@"' "$0" "$@"; echo "status $?""#
      let ended = try ktaskctl(
        "run", "--report", report, "--", "sh", "-c", child, report, Preloaded.caller, "populate-private")
      #expect(ended.out.hasSuffix("\nstatus 0\n"), "\(ended.out)\(ended.err)")
    }

    @Test("brings no signal where nobody reads it")
    func brokenPipe() throws {
      let line = #"mkfifo "$0/pipe"; exec 3<>"$0/pipe" 4>"$0/pipe" 3<&-; exec "$@" >&4 4>&-"#
      let ended = try run("-", ["environment"], under: line)
      #expect(ended.status == 0 && ended.err == "")
    }

    @Test("is empty, and brings no signal, where it has no room")
    func tooLarge() throws {
      let report = scratch.file("report.json")
      let ended = try run(report, ["threads"], under: #"ulimit -f 1; exec "$@" >/dev/null"#)
      #expect(ended.err == "ktaskctl run: \(report): the report could not be written: EFBIG\n")
      #expect(Host.text(report) == "")
      #expect(try run(report, ["threads"], under: #"ulimit -f 0; exec "$@" >/dev/null"#).status == 0)
    }

    @Test(
      "is a stream's file, behind all that is in it",
      arguments: [("/dev/stdout", ">>"), ("/dev/stdout", ">"), ("/dev/stderr", "2>>"), ("/dev/stderr", "2>")])
    func stream(report: String, way: String) throws {
      let log = scratch.file("log")
      try Data("first\n".utf8).write(to: URL(filePath: log))
      let words = #"echo word >&\#(report == "/dev/stdout" ? 1 : 2); exec "$0" environment"#
      let under = ["sh", "-c", #"exec "$@" \#(way)"$0""#, log]
      let ended = try start(["run", "--report", report, "--", "sh", "-c", words, Preloaded.caller], under: under).end()
      #expect(ended.status == 0, "\(ended.err)")
      let lines = Host.text(log).split(separator: "\n")
      #expect(lines.dropLast() == (way.hasSuffix(">>") ? ["first", "word"] : ["word"]), "\(lines)")
      #expect(lines.last?.hasSuffix(": no large call was made") == true, "\(lines)")
    }

    @Test("is not guessed where the current folder is gone")
    func noFolder() throws {
      let line = #"mkdir "$0/gone"; cd "$0/gone"; rmdir "$0/gone"; exec "$@""#
      let ended = try run("ktaskctl-no-such-report", ["populate-none"], under: line)
      #expect(ended.status == 1)
      #expect(ended.message.contains("No such file or directory (ENOENT)"), "\(ended.err)")
      #expect(FileFacts("/ktaskctl-no-such-report") == nil)
    }
  }
}
