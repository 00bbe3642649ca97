@unsafe @preconcurrency import Glibc
import Synchronization

/// A program that runs, or has run, as one: words in, status and words out.
final class Program {
  struct Ended {
    /// The exit status, or 128 + the signal's number, as a shell has it.
    let status: Int32
    let output: String
    let errors: String
    let seconds: Double

    /// The document that --json prints.
    func document() throws(TestEnd) -> JSON {
      guard let document = JSON(output) else { throw .failed("not a document: \(output) \(errors)") }
      return document
    }
  }

  let process: pid_t
  private let began = Clock.seconds
  private let outputPath: String
  private let errorPath: String
  /// Standard input is a pipe; its writing end.
  private var input: Int32

  private static let count = Atomic<Int>(0)

  /// Starts it, found in PATH, without waiting.
  init(_ words: [String], in surroundings: Surroundings = Surroundings()) throws(TestEnd) {
    let number = Self.count.add(1, ordering: .relaxed).newValue
    outputPath = "/tmp/output.\(number)"
    errorPath = "/tmp/errors.\(number)"
    var ends: [Int32] = [0, 0]
    if unsafe pipe(&ends) != 0 { throw .errno("pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    input = ends[1]
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
    for (file, path) in [(STDOUT_FILENO, outputPath), (STDERR_FILENO, errorPath)] {
      unsafe posix_spawn_file_actions_addopen(&actions, file, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    let words = surroundings.prefix + words
    let pointers = unsafe words.map { unsafe strdup($0) } + [nil]
    var process: pid_t = 0
    let error = unsafe posix_spawnp(&process, words[0], &actions, nil, pointers, environ)
    for index in unsafe pointers.indices { unsafe free(pointers[index]) }
    close(ends[0])
    self.process = process
    if error != 0 { throw unsafe .failed("\(words[0]): \(String(cString: strerror(error)))") }
  }

  deinit {
    if input >= 0 { close(input) }
    unsafe unlink(outputPath)
    unsafe unlink(errorPath)
  }

  /// Closes its standard input.
  func closeInput() {
    close(input)
    input = -1
  }

  func signal(_ number: Int32) { kill(process, number) }

  /// What it has said so far.
  var outputSoFar: String { Files.read(outputPath) ?? "" }
  var errorsSoFar: String { Files.read(errorPath) ?? "" }

  /// Whether it has ended; `wait` still tells how.
  var hasEnded: Bool {
    var facts = unsafe siginfo_t()
    let isKnown = unsafe waitid(P_PID, id_t(process), &facts, WEXITED | WNOHANG | WNOWAIT) == 0
    return unsafe isKnown && facts.si_signo == SIGCHLD
  }

  /// Waits for its end; kills it, and fails, after `limit` seconds. `meanwhile` is called over and over until then.
  func wait(limit: Double = Speed.patience, meanwhile: () -> Void = {}) throws(TestEnd) -> Ended {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, WNOHANG) == 0 {
      Heartbeat.beat()
      if Clock.seconds - began > limit {
        kill(process, SIGKILL)
        unsafe waitpid(process, &status, 0)
        throw .failed("no end after \(Int(limit)) s: \(outputSoFar) \(Files.read(errorPath) ?? "")")
      }
      meanwhile()
      usleep(2000)
    }
    return Ended(
      status: status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f, output: outputSoFar,
      errors: Files.read(errorPath) ?? "", seconds: Clock.seconds - began)
  }

  /// Waits until `isSeen`, which is asked over and over, and ends it by SIGTERM: for programs that go on and on.
  func end(when isSeen: () -> Bool) throws(TestEnd) -> Ended {
    var isTold = false
    return try wait {
      if isTold || !isSeen() { return }
      isTold = true
      signal(SIGTERM)
    }
  }

  /// Runs a program to its end.
  static func run(_ words: [String], in surroundings: Surroundings = Surroundings()) throws(TestEnd) -> Ended {
    try Program(words, in: surroundings).wait()
  }

  /// Runs ktaskctl to its end.
  static func ktaskctl(_ words: [String], in surroundings: Surroundings = Surroundings()) throws(TestEnd) -> Ended {
    try run(["ktaskctl"] + words, in: surroundings)
  }
}

/// What a program is started in: this program starts itself as `as WORD… -- PROGRAM`, changes, and becomes it.
struct Surroundings {
  /// A directory of /sys/fs/cgroup.
  var cgroup: String?
  /// As taskset(1) has it: "0,2-3".
  var cpus: String?
  /// RLIMIT_MEMLOCK in bytes, soft and hard.
  var lockedMemory: UInt?
  /// A user that is not root, and so without capabilities.
  var user: UInt32?

  var prefix: [String] {
    var words: [String] = []
    if let cgroup { words.append("cgroup=\(cgroup)") }
    if let lockedMemory { words.append("locked=\(lockedMemory)") }
    if let user { words.append("user=\(user)") }
    if !words.isEmpty { words = ["/proc/self/exe", "as"] + words + ["--"] }
    return words + (cpus.map { ["taskset", "-c", $0] } ?? [])
  }

  static func enterAndExec(_ words: [String]) -> Never {
    for (index, word) in words.enumerated() {
      if word == "--" { become(Array(words[(index + 1)...])) }
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count != 2 || !enter(parts[0], parts[1]) { fail(word) }
    }
    fail("nothing to run")
  }

  private static func enter(_ what: String, _ value: String) -> Bool {
    switch what {
    case "cgroup": return Files.write("\(value)/cgroup.procs", "0")
    case "locked":
      guard let bytes = UInt(value) else { return false }
      var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
      return unsafe setrlimit(__rlimit_resource_t(8), &limit) == 0  // RLIMIT_MEMLOCK, which Glibc's module lacks
    case "user":
      guard let user = UInt32(value) else { return false }
      return setgroups(0, nil) == 0 && setgid(user) == 0 && setuid(user) == 0
    default: return false
    }
  }

  private static func become(_ words: [String]) -> Never {
    let pointers = unsafe words.map { unsafe strdup($0) } + [nil]
    unsafe execvp(words[0], pointers)
    fail(words[0])
  }

  private static func fail(_ what: String) -> Never {
    unsafe perror(what)
    exit(71)
  }
}
