import Foundation
@unsafe @preconcurrency import Glibc
import Testing

/// Another program that has memory of its own, and leaves it as it is until the test is over. It knows nothing of ktaskctl.
final class Holder {
  private let child: Child
  var pid: pid_t { child.pid }

  /// `script`: Python that makes what it is to have; `under`: as whom.
  init(_ script: String, under: [String] = []) throws {
    let begin = """
      import ctypes, fcntl, mmap, os, signal, socket, sys
      def memfd(name, size, flags=os.MFD_CLOEXEC):
        fd = os.memfd_create(name, flags)
        os.truncate(fd, size)
        return fd

      """
    child = try Child(
      under + [Self.python(), "-c", begin + script + "\nprint('ready', flush=True)\nwhile True: signal.pause()"])
    try child.waitForOutput("ready")
  }

  /// One that other users may run, too.
  private static func python() throws -> String {
    if FileManager.default.isExecutableFile(atPath: "/usr/bin/python3") { return "/usr/bin/python3" }
    if !Host.has("python3") { try Test.cancel("needs python3") }
    return "python3"
  }

  deinit { child.kill() }

  func kill() { child.kill() }

  func send(_ signal: Int32) { child.send(signal) }

  func waitForOutput(_ words: String) throws { try child.waitForOutput(words) }

  /// A descriptor's file, as anybody finds it.
  func path(_ descriptor: Int) -> String { "/proc/\(pid)/fd/\(descriptor)" }

  /// Bytes of memory behind a descriptor's file.
  func allocated(_ descriptor: Int) -> Int? {
    var raw = stat()
    return unsafe stat(path(descriptor), &raw) == 0 ? Int(raw.st_blocks) * 512 : nil
  }

  /// Start and end, as /proc/PID/maps has them, of the mapping whose line has these words.
  func addresses(of words: String) throws -> String {
    let line = Host.text("/proc/\(pid)/maps").split(separator: "\n").first { $0.contains(words) }
    return String(try #require(line?.split(separator: " ").first))
  }
}
