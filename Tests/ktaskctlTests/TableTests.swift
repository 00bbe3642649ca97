import Testing

@testable import ktaskctl

@Suite("The table and its exports")
struct TableTests {
  @Test("the table has a heading and a row per thread count, aligned to the right")
  func table() {
    #expect(
      Table.lines(Document.Result.sweep) == [
        "threads   median  spread  GiB/s  speed-up  efficiency  CPU s",
        "      1  2.000 s  ±5.0 %   2.00     1.00x       100 %   1.51",
        "      2  1.000 s  ±1.5 %   4.00     2.00x       100 %   1.51",
      ])
  }

  @Test("what was not measured is a dash")
  func dashes() throws {
    let single = try #require(Document.Result.sample(threads: 8, times: [0.0123], oneThread: nil))
    #expect(Table.lines([single]).last == "      8  12.3 ms       -  325.20         -           -   1.51")
  }

  @Test("nothing measured is no table")
  func empty() {
    #expect(Table.lines([]) == [])
    #expect(Table.aligned([]) == [])
    #expect(Markdown.text([]) == "")
  }

  @Test("the CSV has hyperfine's columns, then ours")
  func csv() {
    let lines = CSV.text(Document.Result.sweep).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      lines.first == """
        command,mean,stddev,median,user,system,min,max,parameter_threads,\
        bytes_per_second,speedup,efficiency,spread,runs
        """)
    #expect(lines.count == 4 && lines.last == "")
    #expect(lines[1].hasPrefix("ktaskctl clear --size 4G --threads 1,2.0,"))
    #expect(lines[1].hasSuffix(",2.0,0.01,1.5,1.9,2.1,1,2147483648.0,1.0,1.0,0.050000000000000044,3"))
  }

  @Test("the CSV quotes what needs it and leaves empty what is not known")
  func csvQuotes() throws {
    var single = try #require(Document.Result.sample(threads: 2, times: [1], oneThread: nil))
    single.command = "ktaskctl clear --nodes 0,1 \"a\nb\""
    let csv = CSV.text([single])
    #expect(
      csv.contains(
        "\n\"ktaskctl clear --nodes 0,1 \"\"a\nb\"\"\",1.0,,1.0,0.01,1.5,1.0,1.0,2,4294967296.0,,,,1\n"))
  }

  @Test("the Markdown table looks like hyperfine's")
  func markdown() {
    #expect(
      Markdown.text(Document.Result.sweep) == """
        | Command | Mean [s] | Min [s] | Max [s] | Relative | Threads | Median [s] | GiB/s | Speed-up | Efficiency |
        |:---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
        | `ktaskctl clear --size 4G --threads 1` | 2.000 ± 0.100 | 1.900 | 2.100 | 1.99 ± 0.10 | 1 | 2.000 | 2.00 | 1.00 | 1.00 |
        | `ktaskctl clear --size 4G --threads 2` | 1.003 ± 0.015 | 0.990 | 1.020 | 1.00 | 2 | 1.000 | 4.00 | 2.00 | 1.00 |

        """)
  }

  @Test("short times are in milliseconds, and a pipe in a command does not end its cell")
  func markdownMilliseconds() throws {
    var single = try #require(Document.Result.sample(threads: 2, times: [0.0123], oneThread: nil))
    single.command = "a | b"
    #expect(Markdown.text([single]).contains("Mean [ms]"))
    #expect(
      Markdown.text([single]).hasSuffix(
        "| `a \\| b` | 12.3 | 12.3 | 12.3 | 1.00 | 2 | 12.3 | 325.20 |  |  |\n"))
  }
}
