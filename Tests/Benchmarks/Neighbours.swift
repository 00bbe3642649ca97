import Glibc
import LinuxSystem

extension Part {
  static let neighbours = Part(
    name: "neighbours", title: "what a CPU-bound load on every CPU notices of `ktaskctl`, and what becomes of the job",
    measure: measureNeighbours)
}

/// A way to do the job beside the load.
private struct Way {
  let name: String
  /// nil: no job at all.
  let options: [String]?

  static func all(_ cpus: Int) -> [Way] {
    [
      Way(name: "a: the load alone", options: nil), Way(name: "b: 1 thread", options: ["--threads", "1"]),
      Way(name: "c: \(cpus) threads", options: ["--threads", "\(cpus)"]),
      Way(name: "d: the same, --no-lend", options: ["--threads", "\(cpus)", "--no-lend"]),
      Way(name: "e: the same, --nice 0", options: ["--threads", "\(cpus)", "--nice", "0"]),
    ]
  }
}

private func measureNeighbours(_ setting: Setting) throws {
  let cpus = Topology.current().onlineCPUs.count
  let load = try Load(threads: cpus)
  let bytes = fitting(setting.quick ? 512 << 20 : 1 << 30)
  let job = [setting.program, "clear", "--size", "\(bytes)", "--page-size", "4K", "--runs", "1", "--warmup", "0"]
  let ways = Way.all(cpus)
  var (rates, runs) = (ways.map { _ in [Double]() }, ways.map { _ in [Double]() })
  let contestants = ways.indices.map { index in
    Contestant(name: ways[index].name) {
      let (rate, took) = try load.rate {
        guard let options = ways[index].options else {
          sleep(2)
          return 2.0
        }
        // whoever started it waits for its end, and not for its work alone
        return try seconds { runs[index] += try Report.of(job + options).results[0].times }
      }
      rates[index].append(rate)
      return took
    }
  }
  let jobs = try inTurns(setting.quick ? 3 : 9, contestants)
  // the first of each did not count
  let loads = rates.map { Times(Array($0.dropFirst())) }
  print(
    ways, jobs, runs.map { Times(Array($0.dropFirst())) }, loads,
    "\(bytes.asSize) of 4K pages beside \(cpus) busy threads")
}

/// `jobs`, `runs` and `loads`: of each way what the process took, the work within it, and how fast the load went on.
private func print(_ ways: [Way], _ jobs: [Times], _ runs: [Times], _ loads: [Times], _ title: String) {
  let ratio = { (times: [Times], one: Int, other: Int) in "\((times[one].median / times[other].median).fixed(3))x" }
  printTable(
    [title, "the process", "against b", "its run", "against b", "the load, counts/s", "against a", "against b"],
    ways.indices.map { index in
      let isJob = ways[index].options != nil
      return [
        ways[index].name, isJob ? jobs[index].text : "", isJob ? ratio(jobs, index, 1) : "",
        isJob ? runs[index].text : "", isJob ? ratio(runs, index, 1) : "",
        "\(loads[index].median.fixed(0)) ±\((loads[index].spread * 100).fixed(1)) %", ratio(loads, index, 0),
        ratio(loads, index, 1),
      ]
    })
  printReading(
    "beside helpers the load goes on at \((loads[2].median / loads[1].median).fixed(3)) of its speed beside one thread "
      + "(0.97 at least is the aim), and the process takes \((jobs[2].median / jobs[1].median).fixed(3)) times what one "
      + "thread takes (1.05 at most).",
    of: Array(jobs.dropFirst()) + loads)
}
