/// What /proc tells of a program's helpers, looked at again and again while it runs.
struct HelperSamples {
  /// How often a helper was seen.
  private(set) var count = 0
  /// CPUs that any of them may use, and was seen on.
  private(set) var allowed: Set<Int> = []
  private(set) var ranOn: Set<Int> = []

  /// Expects a program's helpers on those CPUs only, over many looks at them.
  static func expect(_ test: Test, on cpus: Set<Int>, in surroundings: Surroundings) throws {
    let run = try Program(
      ["ktaskctl", "clear", "--size", "64M", "--min-chunk", "4M", "--threads", "2", "--runs", "9999"], in: surroundings)
    var samples = HelperSamples()
    let ended = try run.end {
      samples.take(of: run.process)
      return samples.count >= 50
    }
    test.expect(ended.status == 143, "status \(ended.status): \(ended.errors)")
    test.expect(samples.allowed.isSubset(of: cpus), "helpers were allowed \(samples.allowed.sorted())")
    test.expect(samples.ranOn.isSubset(of: cpus), "helpers ran on \(samples.ranOn.sorted())")
  }

  mutating func take(of process: Int32) {
    for thread in Files.list("/proc/\(process)/task") {
      let directory = "/proc/\(process)/task/\(thread)"
      guard Files.read(directory + "/comm") == "ktask helper\n",
        let stat = Files.read(directory + "/stat"), let status = Files.read(directory + "/status")
      else { continue }
      // the name in parentheses has a space
      let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
      guard fields.count > 36, let cpu = Int(fields[36]) else { continue }
      count += 1
      allowed.formUnion(ProcessFacts.value("Cpus_allowed_list", in: status).map(numbers) ?? [])
      ranOn.insert(cpu)
    }
  }
}

/// Lines of /proc/PID/status.
enum ProcessFacts {
  static func kilobytes(_ name: String, of process: Int32) -> Int? {
    guard let status = Files.read("/proc/\(process)/status"), let value = value(name, in: status) else { return nil }
    return Int(value.prefix { $0.isNumber })
  }

  static func value(_ name: String, in status: String) -> String? {
    for line in status.split(separator: "\n") where line.hasPrefix(name + ":") {
      return String(line.dropFirst(name.count + 1).drop { $0.isWhitespace })
    }
    return nil
  }
}
