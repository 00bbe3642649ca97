import Glibc

/// R8: helpers run at nice 19, and the caller lends its own nice value to one of them after the other.
let lendingTests: [GuestTest] = [
  GuestTest(
    "of several helpers that are waited for, one at a time has the caller's nice value", on: [.twoNodes]
  ) { test in
    // with a busy CPU each, helpers at nice 19 hardly get on: the caller is done long before them
    let busy = try (0..<4).map { try Program(["sh", "-c", "while :; do :; done"], in: Surroundings(cpus: "\($0)")) }
    defer {
      for one in busy {
        one.signal(SIGKILL)
        _ = try? one.wait()
      }
    }
    var loans = 0
    for _ in 0..<30 where loans < 3 {
      try Scratch.file(in: "/dev/shm") { path in
        let run = try Program(
          ["ktaskctl", "prefault", path, "--size", "32M", "--threads", "4", "--min-chunk", "4M"],
          in: Surroundings(cpus: "0-3"))
        var samples = NiceSamples(of: run.process)
        let ended = try run.wait { samples.take() }
        try test.demand(ended.status == 0, "status \(ended.status): \(ended.errors)")
        test.expect(samples.caller == [0], "the caller was at \(samples.caller)")
        test.expect(samples.helpers.isSubset(of: [0, 19]), "helpers were at \(samples.helpers)")
        test.expect(samples.mostLent <= 1, "\(samples.mostLent) helpers had the caller's at once")
        loans += samples.loans
      }
    }
    test.expect(loans >= 3, "\(loans) loans were seen")
  }
]

/// The nice values of a program's threads, looked at again and again while it runs.
private struct NiceSamples {
  let process: Int32
  private(set) var caller: Set<Int> = []
  private(set) var helpers: Set<Int> = []
  /// How many helpers at least had the caller's value at the same time.
  private(set) var mostLent = 0
  /// How often a helper had it while another one did not, each helper once.
  var loans: Int { lent.count }
  private var lent: Set<String> = []
  /// Helpers that have been seen at their own value: before, they have what they inherit.
  private var settled: Set<String> = []

  init(of process: Int32) { self.process = process }

  mutating func take() {
    if let nice = nice("\(process)", named: "ktaskctl") { caller.insert(nice) }
    var found: [String: Int] = [:]
    for thread in Files.list("/proc/\(process)/task") where thread != "\(process)" {
      guard let nice = nice(thread, named: "ktask helper") else { continue }
      if nice == 19 { settled.insert(thread) }
      if settled.contains(thread) { found[thread] = nice }
    }
    helpers.formUnion(found.values)
    // a second look at each tells two at the same time from one after the other
    let still = found.keys.filter { found[$0] == 0 && nice($0, named: "ktask helper") == 0 }
    mostLent = max(mostLent, still.count)
    if found.values.contains(19) { lent.formUnion(still) }
  }

  /// nil: it has ended, or is none of those.
  private func nice(_ thread: String, named name: String) -> Int? {
    // the name in parentheses may have a space
    let parts = Files.read("/proc/\(process)/task/\(thread)/stat")?.split(separator: ")") ?? []
    guard parts.count == 2, parts[0].hasSuffix("(" + name) else { return nil }
    let fields = parts[1].split(separator: " ")
    return fields.count > 16 ? Int(fields[16]) : nil
  }
}
