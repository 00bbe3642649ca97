import Testing

extension ProgramTests {
  @Suite("On a terminal", .enabled(if: Screen.isHere, "\(Screen.needs)"))
  struct ScreenTests {
    private static let work = "\(BuiltProgram.path) clear --size 512M --page-size 4K --threads 1 --warmup 1 --runs"

    private func bars(_ lines: [String]) -> [String] { lines.filter { $0.contains(" % ") && $0.contains(" run ") } }

    @Test("the bar is one line that leaves three columns free, and nothing of it stays", arguments: [40, 80, 100])
    func bar(columns: Int) throws {
      let screen = try Screen(columns: columns, Self.work + " 3")
      for run in 1...4 {
        let seen = try screen.wait("run \(run)") { lines in
          bars(lines).contains { $0.contains("run \(run) of 4") } || lines.contains("THE END")
        }
        // a look may miss a run, and sees no more than one line
        #expect(bars(seen).count <= 1 && bars(seen).allSatisfy { $0.count <= columns - 3 }, "\(seen)")
      }
      let end = try screen.wait("end") { $0.contains("THE END") }
      #expect(bars(end) == [] && !end.contains { $0.contains(" left") }, "\(end)")
    }

    /// The screen is full, as it mostly is: tmux puts the cursor of a screen that has room elsewhere when it becomes narrower.
    @Test("nothing is left standing after a terminal has become narrower and wider")
    func resized() throws {
      let screen = try Screen(columns: 100, "seq 30; " + Self.work + " 200")
      _ = try screen.wait("bar") { bars($0).count == 1 }
      for columns in [40, 80, 60, 100, 40] {
        try screen.resize(columns: columns)
        let seen = try screen.wait("bar at \(columns)") { lines in
          lines.count == 31 && bars(lines).count == 1 && lines.allSatisfy { $0.count <= columns - 3 }
        }
        #expect(seen.starts(with: (1...30).map(String.init)), "\(seen)")
      }
      try screen.type("C-c")
      let end = try screen.wait("end") { $0.contains("THE END") }
      #expect(bars(end) == [] && end.starts(with: (1...30).map(String.init)), "\(end)")
    }
  }
}
