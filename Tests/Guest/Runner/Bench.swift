/// The benchmarks that need the guests' devices (Tests/Benchmarks): run here, their tables handed to the host.
enum Bench {
  private static let all = ["pins", "rings", "maps", "pin-knee"]

  /// `only`: those of them that are wanted, joined by `_`; nil or none for all. False where one failed.
  static func run(on machine: GuestMachine, only: String? = nil) -> Bool {
    let wanted = (only ?? "").split(separator: "_").map(String.init)
    let parts = wanted.isEmpty ? all : wanted
    let name = "ktask-bench \(parts.joined(separator: " "))"
    let began = Clock.seconds
    var failures: [String] = []
    Report.begin(1)
    Report.started(name)
    do {
      let json = "/tmp/pins.json"
      let run = try Program(
        ["ktask-bench", "--quick", "--program", "/bin/ktaskctl", "--json", json] + parts
      ).wait(limit: 10 * Speed.patience)
      Report.file("md", "# \(machine.rawValue)\n\n\(run.output)")
      Report.file("json", "\"\(machine.rawValue)\": \(Files.read(json) ?? "[]")")
      if run.status != 0 { failures = ["status \(run.status): \(run.errors)"] }
    } catch {
      failures = ["\(error)"]
    }
    Report.ended(name, seconds: Clock.seconds - began, failures: failures)
    Report.end(1)
    return failures.isEmpty
  }
}
