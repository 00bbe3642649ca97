internal import FoundationEssentials
internal import Glibc
internal import LinuxSystem

/// Files of a stock that go round: takers get one, look whether it is zero, write into it and give it back, while another
/// process keeps the stock filled. Each of them is the real program, and every third is killed at some moment (SIGKILL).
public final class HandOvers: Sendable {
  /// What came of them.
  public struct Result: Sendable {
    /// Files that came from the stock, and those that it had none for.
    public var taken = 0
    public var made = 0
    /// Programs that were killed before their end.
    public var killed = 0
    /// What should not be, in words.
    public var faults: [String] = []
  }
  private struct State {
    var result = Result()
    var begun = 0
    var working = 0
    /// Files that somebody has, by their inodes.
    var held: Set<UInt64> = []
  }
  private let program: String
  private let folder: String
  private let size: Int
  private let state = Guarded(State())
  private let starting = Guarded(0)
  private var stock: String { folder + "/stock" }
  private static let (workers, ready) = (3, 4)

  /// `folder`: of a mount of its own with room for 16 files of `size` bytes, whole pages of it.
  public init(program: String, folder: String, size: Int) {
    (self.program, self.folder, self.size) = (program, folder, size)
  }

  /// So many takers, one after the other on each of three threads; the same for the same `seed` as far as the machine allows it.
  public func run(_ count: Int, seed: Int) -> Result {
    _ = unsafe mkdir(stock, 0o700)
    runProgram(fillWords)
    state.withLock { $0.working = Self.workers }
    for worker in 0..<Self.workers {
      start {
        var random = SplitMix64(seed: seed &+ worker)
        while let number = self.next(of: count) { self.handOver(number, &random) }
        self.state.withLock { $0.working -= 1 }
      }
    }
    var random = SplitMix64(seed: seed &+ Self.workers)
    while state.withLock({ $0.working > 0 }) { runProgram(fillWords, killing: &random) }
    runProgram(fillWords)
    lookAtTheEnd()
    return state.withLock { $0.result }
  }

  private func start(_ body: @escaping @Sendable () -> Void) {
    do throws(Errno) {
      try DetachedThread.start("hand-over", body)
    } catch {
      fault("a thread cannot be started: \(error)")
      state.withLock { $0.working -= 1 }
    }
  }

  private func next(of count: Int) -> Int? {
    state.withLock { state in
      if state.begun == count { return nil }
      state.begun += 1
      return state.begun
    }
  }

  private func fault(_ words: String) { state.withLock { $0.result.faults.append(words) } }

  private var fillWords: [String] { ["stock", stock, "--size", "\(size)", "--count", "\(Self.ready)", "--quiet"] }
}

extension HandOvers {
  private func handOver(_ number: Int, _ random: inout SplitMix64) {
    if random.number(0...7) == 0 { return exec(&random) }
    let file = "\(folder)/vm\(number)"
    let take = ["prefault", file, "--size", "\(size)", "--from", stock]
    var said = runProgram(take, killing: &random)
    // whoever was killed while it made the file as ever left a part of it
    for _ in 0..<20 where !isWhole(file) { said = runProgram(take) }
    state.withLock { state in
      if said.contains("taken from") {
        state.result.taken += 1
      } else if said.contains("made: ") {
        state.result.made += 1
      }
    }
    use(file, mark: UInt8(truncatingIfNeeded: number | 1))
    let release = ["release", file, "--to", stock, "--quiet"]
    runProgram(release, killing: &random)
    for _ in 0..<20 where access(file) { runProgram(release) }
    if access(file) { fault("\(file) cannot be given back") }
  }

  /// Looks at all of it and writes into all of it, as the only one who has it.
  private func use(_ file: String, mark: UInt8) {
    do throws(Errno) {
      let descriptor = try FileDescriptor.open(file, .readWrite)
      let inode = try descriptor.status().inode
      if !state.withLock({ $0.held.insert(inode).inserted }) { fault("\(file) is another's, too") }
      let mapping = try Mapping.shared(descriptor, size)
      let bytes = unsafe UnsafeMutablePointer<UInt8>(bitPattern: mapping.address)
      for at in 0..<size where unsafe bytes?[at] != 0 {
        fault("\(file) is not zero at \(at)")
        break
      }
      unsafe bytes?.update(repeating: mark, count: size)
      withExtendedLifetime(mapping) {}
      state.withLock { _ = $0.held.remove(inode) }
    } catch {
      fault("\(file): \(error)")
    }
  }

  private func exec(_ random: inout SplitMix64) {
    let words = ["exec", "--size", "\(size)", "--from", stock, "--quiet", "--"]
    let said = runProgram(words + ["sh", "-c", "cmp -n \(size) {} /dev/zero && echo fine"], killing: &random)
    if said.contains("differ") { fault("exec: \(said)") }
    if said.contains("fine") { state.withLock { $0.result.taken += 1 } }
  }

  private func access(_ file: String) -> Bool { unsafe Glibc.access(file, F_OK) == 0 }

  private func isWhole(_ file: String) -> Bool {
    var raw = stat()
    return unsafe stat(file, &raw) == 0 && Int(raw.st_size) == size && Int(raw.st_blocks) * 512 >= size
  }

  /// All that there is is ready, zero, and all the memory that the mount has.
  private func lookAtTheEnd() {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: stock)) ?? []).sorted()
    if names.count != Self.ready || !names.allSatisfy({ $0.hasPrefix("ready-") }) { fault("in the end: \(names)") }
    if let used = used(), used != names.count * size { fault("\(used) bytes are used by \(names.count) files") }
    for name in names {
      use("\(stock)/\(name)", mark: 0)
      _ = unsafe unlink("\(stock)/\(name)")
    }
    if let used = used(), used != 0 { fault("\(used) bytes are lost") }
  }

  private func used() -> Int? {
    guard let descriptor = try? FileDescriptor.open(folder, .directory) else { return nil }
    return (try? descriptor.fileSystem())?.usedBytes
  }
}

extension HandOvers {
  /// What it says, up to where it was killed.
  @discardableResult
  private func runProgram(_ words: [String], killing random: inout SplitMix64) -> String {
    // from its first steps to a little beyond its end
    let after = random.number(0...2) == 0 ? random.number(0...Self.usualMicroseconds) : nil
    return runProgram(words, killedAfter: after)
  }

  @discardableResult
  private func runProgram(_ words: [String]) -> String { runProgram(words, killedAfter: nil) }

  /// A little more than most of them take.
  private static let usualMicroseconds = 40_000

  private func runProgram(_ words: [String], killedAfter microseconds: Int?) -> String {
    guard let (process, output) = start(words) else { return "" }
    if let microseconds {
      usleep(UInt32(microseconds))
      if kill(process, SIGKILL) == 0 { state.withLock { $0.result.killed += 1 } }
    }
    var (said, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
    while case let count = unsafe read(output, &buffer, buffer.count), count > 0 { said += buffer[..<count] }
    close(output)
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) == -1 && errno == EINTR {}
    return String(decoding: said, as: UTF8.self)
  }

  /// Its number, and what it says. One at a time: no other program is to inherit the pipe.
  private func start(_ words: [String]) -> (process: pid_t, output: Int32)? {
    starting.withLock { _ in
      var ends: [Int32] = [0, 0]
      guard unsafe pipe(&ends) == 0 else { return nil }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      defer { close(ends[1]) }
      return (spawn([program] + words, output: ends[1]), ends[0])
    }
  }

  private func spawn(_ words: [String], output: Int32) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    let arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
    var process: pid_t = 0
    return unsafe posix_spawn(&process, program, &actions, nil, arguments, environ) == 0 ? process : 0
  }
}
