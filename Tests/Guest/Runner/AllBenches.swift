/// A benchmark that runs in the guest: its table in Markdown, and its figures as a JSON value.
struct GuestBench: Sendable {
  /// A key of the JSON document, and the table's heading.
  let name: String
  let machines: [GuestMachine]
  let body: @Sendable (GuestMachine) throws -> (markdown: String, json: String)
}

/// Every benchmark, in order.
let allBenches: [GuestBench] = [pinBench]

/// Runs the benchmarks for a machine and hands their tables to the host.
struct BenchRun {
  private let benches: [GuestBench]
  private let machine: GuestMachine

  init(_ benches: [GuestBench], on machine: GuestMachine) {
    self.benches = benches.filter { $0.machines.contains(machine) }
    self.machine = machine
  }

  /// False where one failed.
  func run() -> Bool {
    var failed = 0
    Report.begin(benches.count)
    for bench in benches {
      Report.started(bench.name)
      let began = Clock.seconds
      var failures: [String] = []
      do {
        let (markdown, json) = try bench.body(machine)
        Report.file("md", "## \(bench.name) (\(machine.rawValue))\n\n\(markdown)\n")
        Report.file("json", "\"\(bench.name), \(machine.rawValue)\": \(json)")
      } catch {
        failures = ["\(error)"]
        failed += 1
      }
      Report.ended(bench.name, seconds: Clock.seconds - began, failures: failures)
    }
    Report.end(benches.count)
    return failed == 0
  }
}
