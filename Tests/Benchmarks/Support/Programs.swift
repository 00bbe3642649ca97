import FoundationEssentials
import Glibc
import LinuxSystem

/// Other programs, run to their end.
enum Programs {
  /// The wall time from the program's start to its exit. What it says on its output is dropped.
  static func run(_ arguments: [String], input: Int32? = nil) throws -> Double {
    let silence = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(silence) }
    return try seconds { try wait(for: start(arguments, input: input ?? silence, output: silence), arguments) }
  }

  /// What the program says on its output.
  static func output(_ arguments: [String]) throws -> [UInt8] {
    let (reading, writing) = try pipe()
    defer { close(reading) }
    let process = try start(arguments, input: STDIN_FILENO, output: writing)
    close(writing)
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = unsafe read(reading, &buffer, buffer.count), count > 0 { answer += buffer[..<count] }
    try wait(for: process, arguments)
    return answer
  }

  /// The end of a pipe to read from, in which `text` waits; its other end stays open.
  static func pipe(holding text: String = "") throws -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    guard unsafe Glibc.pipe(&ends) == 0 else { throw Errno(errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = unsafe write(ends[1], text, text.utf8.count)
    return (ends[0], ends[1])
  }

  static func exists(_ name: String) -> Bool {
    if name.contains("/") { return SystemFiles().exists(name) }
    return (environment("PATH") ?? "").split(separator: ":").contains { SystemFiles().exists("\($0)/\(name)") }
  }

  static func start(
    _ arguments: [String], input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    // signals that wait for our own clean-up are not blocked there
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer {
      for index in unsafe words.indices { unsafe free(words[index]) }
    }
    var process: pid_t = 0
    let error = unsafe posix_spawnp(&process, arguments[0], &actions, &attributes, words, environ)
    if error != 0 { throw Skip("\(arguments[0]): \(Errno(error))") }
    return process
  }

  private static func wait(for process: pid_t, _ arguments: [String]) throws {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) == -1 && errno == EINTR {}
    if status != 0 { throw Failure(command: arguments.joined(separator: " "), status: status) }
  }

  struct Failure: Error, CustomStringConvertible {
    let command: String
    let status: Int32
    var description: String {
      status & 0x7f == 0
        ? "`\(command)` ended with status \(status >> 8)" : "`\(command)` died of signal \(status & 0x7f)"
    }
  }
}

/// What is read of ktaskctl's JSON document.
struct Report: Decodable {
  struct Result: Decodable {
    let threads: Int
    let times: [Double]
    let user: Double?
    let system: Double?
    let knee: Int?
  }
  let results: [Result]

  /// The document that `ktaskctl` with these arguments and `--json` prints.
  static func of(_ arguments: [String]) throws -> Report {
    try JSONDecoder().decode(Report.self, from: Data(Programs.output(arguments + ["--json"])))
  }
}
