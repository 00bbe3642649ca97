import Foundation
import Testing

extension ProgramTests {
  @Suite("What is reported")
  struct ReportTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "two thread counts with two runs each give two results of two times", .enabled(if: Host.cpus > 1, "needs 2 CPUs"))
    func sweep() throws {
      let ended = try ktaskctl(
        "clear", "--size", "64M", "--min-chunk", "2M", "--threads", "1,2", "--runs", "2", "--warmup", "1", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.results.map(\.threads) == [1, 2])
      #expect(document.results.map(\.parameters) == [["threads": "1"], ["threads": "2"]])
      #expect(document.request?.warmup == 1)
      for result in document.results {
        #expect(result.times.count == 2)
        #expect(result.exitCodes == [0, 0])
        #expect(result.times.allSatisfy { $0 > 0 })
        #expect(result.min <= result.median && result.median <= result.max)
        #expect(result.helpers.count == result.threads)
        #expect(result.helpers.map(\.bytes).reduce(0, +) == 64 << 20)
        #expect(result.command.hasPrefix("ktaskctl clear "))
      }
      #expect(document.results[0].speedup == 1)
      #expect(document.results[1].speedup != nil)
    }

    @Test(
      "the document is JSON for other programs, with hyperfine's names",
      .enabled(if: Host.has("python3"), "needs python3"))
    func readable() throws {
      let file = scratch.file("report.json")
      #expect(try ktaskctl("clear", "--size", "16M", "--export-json", file).status == 0)
      try tool("python3", "-m", "json.tool", file)
      let names = try tool(
        "python3", "-c", "import json,sys; print(*sorted(json.load(open(sys.argv[1]))['results'][0]))", file)
      let hyperfines = [
        "command", "mean", "stddev", "median", "user", "system", "min", "max", "times", "exit_codes", "parameters",
      ]
      #expect(Set(names.split(whereSeparator: \.isWhitespace)).isSuperset(of: hyperfines.map { $0[...] }))
    }

    @Test("the exports are written beside the text")
    func exports() throws {
      let (json, csv, markdown) = (scratch.file("a.json"), scratch.file("a.csv"), scratch.file("a.md"))
      let ended = try ktaskctl(
        "clear", "--size", "16M", "--export-json", json, "--export-csv", csv, "--export-markdown", markdown)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.hasPrefix("clear anonymous memory: 16 MiB"))
      #expect(Host.text(json).contains("\"command\" : \"clear\""))
      #expect(Host.text(csv).hasPrefix("command,mean,stddev,median,user,system,min,max,parameter_threads"))
      #expect(Host.text(csv).split(separator: "\n").count == 2)
      #expect(Host.text(markdown).hasPrefix("| Command "))
    }

    @Test("an export to - is on standard output, after the text")
    func exportToStandardOutput() throws {
      let ended = try ktaskctl("clear", "--size", "16M", "-q", "--export-csv", "-")
      #expect(ended.out.hasPrefix("command,mean,"))
    }

    @Test("an export that cannot be written is a failure, and the work's report is there all the same")
    func exportFails() throws {
      let ended = try ktaskctl("clear", "--size", "16M", "--export-csv", "/dev/full")
      #expect(ended.status == 1)
      let why = "No space left on device (ENOSPC)"
      #expect(ended.message == "ktaskctl: /dev/full: the export could not be written: \(why)")
      #expect(ended.out.contains("verified: 16 MiB resident"))
    }

    @Test(
      "a sweep that is not finished prints the rows that it measured", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func unfinished() throws {
      let (json, csv) = (scratch.file("a.json"), scratch.file("a.csv"))
      let words = ["clear", "--size", "16M", "--threads", "1", "--runs", "10000", "--timeout", "3s"]
      let ended = try start(words + ["--export-json", json, "--export-csv", csv]).end()
      #expect(ended.status == 6, "\(ended.err)")
      #expect(ended.out.contains("efficiency") && !ended.out.contains("verified"))
      #expect(ended.out.split(separator: "\n").last?.hasPrefix("not finished: ") == true, "\(ended.out)")
      #expect(ended.out.contains(" of 10000 runs measured"))
      #expect(Host.text(json).contains("\"median\"") && Host.text(json).contains("timed-out"))
      #expect(Host.text(csv).split(separator: "\n").count == 2)
    }

    @Test("--json prints the document and nothing else, -q nothing at all")
    func onlyThat() throws {
      let json = try ktaskctl("clear", "--size", "16M", "--json")
      #expect(json.out.hasPrefix("{") && json.out.hasSuffix("}\n"))
      #expect(json.err == "")
      let quiet = try ktaskctl("clear", "--size", "16M", "-q")
      #expect(quiet.status == 0)
      #expect(quiet.out == "" && quiet.err == "")
    }

    @Test("-v tells the plan and what each thread did")
    func verbose() throws {
      let ended = try ktaskctl("clear", "--size", "16M", "-v")
      #expect(ended.out.contains("plan: clear, 16 MiB to do"))
      #expect(ended.out.contains("caller: "))
    }

    @Test("an answer that cannot be written is a failure")
    func fullOutput() throws {
      let ended = try Child(["sh", "-c", "exec \"$@\" > /dev/full", "sh", BuiltProgram.path, "clear", "--size", "16M"])
        .end()
      #expect(ended.status == 1)
    }

    @Test("topology tells the CPUs, the pools and how many threads it would use")
    func topology() throws {
      let ended = try ktaskctl("topology")
      #expect(ended.status == 0)
      for part in ["kernel: ", "CPUs online: ", "memory available: ", "node 0 cpus: ", "node 0 free: ", "threads: "] {
        #expect(ended.out.contains(part), "\(part) in \(ended.out)")
      }
      #expect(ended.out.contains("\n  bound: "))
      let json = try ktaskctl("topology", "--json")
      #expect(try JSONSerialization.jsonObject(with: Data(json.out.utf8)) is [String: Any])
    }
  }
}
