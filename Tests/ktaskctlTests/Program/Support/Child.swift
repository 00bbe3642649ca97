import Foundation
@unsafe @preconcurrency import Glibc

/// A program running beside the test, in a process group of its own: its words go into files, it is told nothing.
final class Child {
  let pid: pid_t
  private let began = Date()
  private let out: Capture
  private let err: Capture
  private var status: Int32?

  init(_ words: [String]) throws {
    out = try Capture()
    err = try Capture()
    pid = try Self.spawn(words, out.file, err.file)
  }

  deinit {
    if status == nil { kill() }
  }

  var seconds: Double { Date().timeIntervalSince(began) }

  /// Seconds after which a program hangs. What is waited for comes for certain, on a machine however busy.
  static let patience = 600.0

  /// To the program, not to its children.
  func send(_ signal: Int32) { _ = Glibc.kill(pid, signal) }

  /// Looks again and again until `condition` holds, for as long as it runs.
  func wait(until condition: () throws -> Bool) rethrows {
    while try !condition() && !hasEnded && seconds < Self.patience { usleep(500) }
  }

  /// Runs `body` while it stands still: itself, and what it traces.
  func stopped<Result>(_ body: () throws -> Result) rethrows -> Result {
    send(SIGSTOP)
    defer { send(SIGCONT) }
    return try body()
  }

  /// Ends the whole group.
  func kill() {
    _ = Glibc.kill(-pid, SIGKILL)
    while !hasEnded { usleep(1000) }
  }

  var hasEnded: Bool {
    if status != nil { return true }
    var raw: Int32 = 0
    guard unsafe waitpid(pid, &raw, WNOHANG) == pid else { return false }
    status = raw & 0x7f == 0 ? raw >> 8 & 0xff : -(raw & 0x7f)
    return true
  }

  /// Its end; one that hangs, which is that it takes longer than `limit` seconds, is killed and told by its status, -9.
  func end(limit: Double = patience) -> Ended {
    while !hasEnded {
      if seconds > limit { kill() }
      usleep(1000)
    }
    return Ended(status: status!, out: out.text, err: err.text, seconds: seconds)
  }

  /// Waits until its standard output has these words.
  func waitForOutput(_ words: String) throws { try wait(for: words, in: out) }

  /// Waits until its standard error has these words.
  func waitForWords(_ words: String) throws { try wait(for: words, in: err) }

  private func wait(for words: String, in capture: Capture) throws {
    while !capture.text.contains(words) {
      if hasEnded || seconds > Self.patience {
        if capture.text.contains(words) { return }
        throw Failure("no “\(words)” came, but: \(out.text)\(err.text)")
      }
      usleep(1000)
    }
  }

  /// Whether a process that it has started has that file open.
  func childHasOpen(_ file: String) -> Bool {
    Host.text("/proc/\(pid)/task/\(pid)/children").split(separator: " ").contains { child in
      let folder = "/proc/\(child)/fd"
      let numbers = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return numbers.contains {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == file
      }
    }
  }

  /// What the kernel counts as locked (VmLck).
  var lockedBytes: Int {
    let line = Host.text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("VmLck:") }
    return (line?.split(whereSeparator: \.isWhitespace)[1]).flatMap { Int($0) }.map { $0 << 10 } ?? -1
  }

  private static func spawn(_ words: [String], _ out: Int32, _ err: Int32) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, out, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, err, 2)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // whoever runs the tests in the background has some signals ignored
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    // and a thread of a test has most of them blocked, which would be inherited: one that is told to end would not hear it
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
    var pid: pid_t = 0
    let error = unsafe posix_spawnp(&pid, words[0], &actions, &attributes, &arguments, environ)
    if error != 0 { throw Failure("\(words[0]) does not start: errno \(error)") }
    return pid
  }
}

/// How a program ended, and what it said.
struct Ended {
  /// The exit status; the signal's number, negative, where one ended it.
  var status: Int32
  var out: String
  var err: String
  var seconds: Double
}

/// Something that a test cannot go on without.
struct Failure: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// A file without a name that a program writes into.
private final class Capture {
  let file: Int32

  init() throws {
    let nameless: Int32 = 0o20000000 | O_DIRECTORY  // O_TMPFILE, which Swift does not import
    file = unsafe open("/tmp", nameless | O_RDWR | O_CLOEXEC, 0o600)
    if file == -1 { throw Failure("no temporary file: errno \(errno)") }
  }

  deinit { close(file) }

  var text: String {
    var bytes = [UInt8](repeating: 0, count: Int(lseek(file, 0, SEEK_END)))
    let count = unsafe pread(file, &bytes, bytes.count, 0)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}
