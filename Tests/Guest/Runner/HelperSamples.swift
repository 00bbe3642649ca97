/// What /proc tells of a program's helpers, looked at again and again while it runs.
struct HelperSamples {
  /// How often a helper was seen.
  private(set) var count = 0
  /// CPUs that any of them may use, and was seen on.
  private(set) var allowed: Set<Int> = []
  private(set) var ranOn: Set<Int> = []

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
