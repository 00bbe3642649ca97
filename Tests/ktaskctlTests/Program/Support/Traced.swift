@unsafe @preconcurrency import Glibc

/// strace as the seam at which system calls of the built program fail or take their time.
enum Traced {
  private static let quietly = quietly(into: "/dev/null")
  private static func quietly(into log: String) -> [String] { ["strace", "-f", "-qq", "-o", log] }

  /// In every thread the calls of that name, those that `when` says (strace(1)), fail.
  static func failing(_ call: String, _ errno: String, when: String) -> [String] {
    quietly + ["-e", "trace=\(call)", "-e", "inject=\(call):error=\(errno):when=\(when)"]
  }

  /// The question what that file is fails, the one of that number: fstat(2), which some C libraries ask by another name. `log`
  /// says whether there was one.
  static func failingStat(of path: String, when number: Int, log: String) -> [String] {
    let calls = "fstat,newfstatat"
    return quietly(into: log) + ["-P", path, "-e", "trace=\(calls)", "-e", "inject=\(calls):error=EIO:when=\(number)"]
  }

  /// The first call of that name is its end.
  static func killed(by call: String) -> [String] {
    quietly + ["-e", "trace=\(call)", "-e", "inject=\(call):signal=KILL:when=1"]
  }

  /// Two calls that fail.
  static func failing(_ calls: [(call: String, errno: String, when: String)]) -> [String] {
    quietly + ["-e", "trace=\(calls.map(\.call).joined(separator: ","))"]
      + calls.flatMap { ["-e", "inject=\($0.call):error=\($0.errno):when=\($0.when)"] }
  }

  /// It stands still (SIGSTOP) when it opens that file for the first time, before it reads it, or has made another call for it:
  /// `log` says so then, in a line that begins with its number.
  static func standingStill(at path: String, in call: String = "openat", log: String) -> [String] {
    quietly(into: log) + ["-P", path, "-e", "trace=\(call)", "-e", "inject=\(call):signal=STOP:when=1"]
  }

  /// The call waits for 2 seconds, or as long as is said, before it is made; with `path`, if it is about that. In `log` is
  /// a line for each, which begins with the thread's number.
  static func slow(
    _ call: String, path: String? = nil, milliseconds: Int = 2000, log: String = "/dev/null"
  ) -> [String] {
    quietly(into: log) + (path.map { ["-P", $0] } ?? [])
      + ["-e", "trace=\(call)", "-e", "inject=\(call):delay_enter=\(milliseconds * 1000)"]
  }
}
