import Glibc

/// What the guest tells the host, a line each on standard output, which is the second serial port: a word, a tab, and
/// what belongs to it. The host counts: a line that gets lost fails the run.
enum Report {
  /// So many tests will follow.
  static func begin(_ count: Int) { write("begin\t\(count)") }
  static func started(_ name: String) { write("started\t\(name)") }
  static func skipped(_ name: String, because reason: String) { write("skipped\t\(name)\t\(oneLine(reason))") }

  static func ended(_ name: String, seconds: Double, failures: [String]) {
    for failure in failures { write("because\t\(oneLine(failure))") }
    write("\(failures.isEmpty ? "passed" : "failed")\t\(name)\t\(decimal(seconds))")
  }

  /// So many tests were run.
  static func end(_ count: Int) { write("end\t\(count)") }

  /// A file for the host to keep, line by line.
  static func file(_ name: String, _ text: String) {
    write("file\t\(name)")
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) { write("line\t\(line)") }
    write("endfile\t\(name)")
  }

  /// One write a line, so that nothing comes between.
  static func write(_ line: String) {
    var rest = Array((line + "\n").utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { exit(70) }
      rest = rest.dropFirst(count)
    }
  }

  /// Waits until the host has all that was written to the serial ports.
  static func drain() {
    for port in ["/dev/ttyS0", "/dev/ttyS1"] {
      let file = unsafe open(port, O_WRONLY | O_NOCTTY | O_CLOEXEC)
      if file == -1 { continue }
      tcdrain(file)
      close(file)
    }
  }

  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " | ").split(separator: "\t").joined(separator: " ")
  }

  /// With three decimals; there is no Foundation here.
  static func decimal(_ seconds: Double) -> String {
    let thousandths = Int((seconds * 1000).rounded())
    let part = String(thousandths % 1000)
    return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - part.count) + part
  }
}

/// The monotonic clock.
enum Clock {
  static var seconds: Double {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}
