import Testing

extension ProgramTests {
  @Suite("--plot")
  struct PlotFileTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private let sweep = ["clear", "--size", "64M", "--min-chunk", "1M", "--threads", "1,2", "--runs", "2"]

    @Test("writes a picture of the sweep beside the table", .enabled(if: Host.cpus > 1, "needs two CPUs"))
    func picture() throws {
      let file = scratch.file("sweep.svg")
      let ended = try start(sweep + ["--plot", file]).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.contains("speed-up"))
      let picture = Host.text(file)
      #expect(picture.hasPrefix("<svg ") && picture.hasSuffix("</svg>"))
      #expect(picture.contains("<title>ktaskctl clear 64 MiB</title>"))
      #expect(
        picture.contains("populate, 2 runs, ") && picture.contains(" GiB/s with ") && picture.contains(", Linux "))
      #expect(picture.contains(">speed-up [×]</text>"))
    }

    @Test("one that cannot be written is told, and the status says so")
    func cannotBeWritten() throws {
      let ended = try start(sweep + ["--plot", scratch.path + "/no/sweep.svg"]).end()
      #expect(ended.status == 1)
      #expect(ended.err.contains("ktaskctl: \(scratch.path)/no/sweep.svg: the export could not be written: "))
    }

    @Test("-v draws the sweep on the terminal", .enabled(if: Host.cpus > 1, "needs two CPUs"))
    func chart() throws {
      let ascii = try start(sweep + ["-v"], under: ["env", "LC_ALL=C"]).end()
      #expect(ascii.out.contains("\n  # fastest run  . slowest run  | ideal\n"))
      let blocks = try start(sweep + ["-v"], under: ["env", "LC_ALL=C.UTF-8"]).end()
      #expect(blocks.out.contains("\n  █ fastest run  ░ slowest run  │ ideal\n"))
    }
  }
}
