import Glibc
import LinuxSystem
import Synchronization
import Testing

@testable import KTask

/// R4 over processes that come, go and die.
@Suite("Places that several processes share", .enabled(if: geteuid() == 0, "only root makes the file"))
struct SharedByProcessesTests {
  private let directory: PlaceDirectory
  init() throws { directory = try PlaceDirectory() }

  @Test("are free at once when their process is killed, and the sum of helpers never passes the limit", TwoCPUs.needed)
  func processes() async throws {
    let arena = try Arena(directory: directory.path)
    await withTaskGroup { group in
      for number in 0..<8 {
        group.addTask {
          if number < 3 {
            await #expect(processExitsWith: .signal(SIGKILL)) {
              [path = directory.path as String, number = number as Int] in
              try Arena(directory: path).work(number, tasks: 40, dies: true)
            }
          } else {
            await #expect(processExitsWith: .success) { [path = directory.path as String, number = number as Int] in
              try Arena(directory: path).work(number, tasks: 120)
            }
          }
        }
      }
    }
    #expect((1...Arena.limit).contains(arena.most), "\(arena.most) helpers at once")
    #expect((0..<8).map { arena.tasksDone($0) } == Array(repeating: 40, count: 3) + Array(repeating: 120, count: 5))
    #expect(SharedPlaces(limit: Arena.limit, nodeLimits: [:], directory: directory.path).left == Arena.limit)
  }
}

/// What processes do at the same time, and count in memory that they share.
@safe
private final class Arena: @unchecked Sendable {
  // @unchecked: the counts are atomic.
  static let limit = 5
  private let mapping: Mapping
  private let directory: String
  /// This process's helpers that are in a chunk; nil once it dies.
  private let own = Guarded<Int?>(0)

  init(directory: String) throws {
    self.directory = directory
    let number = unsafe open(directory + "/counts", O_RDWR | O_CREAT, 0o600)
    if number < 0 { throw Errno(errno) }
    let file = FileDescriptor(owning: number)
    try file.resize(to: 4096)
    mapping = try Mapping.shared(file, 4096)
  }

  private func count(_ index: Int) -> UnsafeMutablePointer<Atomic<Int>> {
    unsafe UnsafeMutablePointer(bitPattern: mapping.address + UInt(index * 64))!
  }

  /// The most helpers of all processes that were in a chunk at once.
  var most: Int { unsafe count(1).pointee.load(ordering: .relaxed) }
  func tasksDone(_ process: Int) -> Int { unsafe count(2 + process).pointee.load(ordering: .relaxed) }

  private func enter() {
    own.withLock { own in
      guard let before = own else { return }
      own = before + 1
      let now = unsafe count(0).pointee.add(1, ordering: .relaxed).newValue
      unsafe count(1).pointee.max(now, ordering: .relaxed)
    }
  }

  private func leave() {
    own.withLock { own in
      guard let before = own else { return }
      own = before - 1
      unsafe count(0).pointee.subtract(1, ordering: .relaxed)
    }
  }

  /// Dies with helpers in their chunks. These have their places until then, and are counted off first: at the moment when
  /// the kernel gives a place to another process, whoever had it is not counted any more.
  private func die() {
    own.withLock { own in
      unsafe count(0).pointee.subtract(own ?? 0, ordering: .relaxed)
      own = nil
      kill(getpid(), SIGKILL)
    }
  }

  /// A process's part: task after task, whose helpers count themselves; one that `dies` does so in the midst of its last.
  func work(_ process: Int, tasks: Int, dies: Bool = false) throws {
    let caller = DetachedThread.currentID
    let places = SharedPlaces(limit: Self.limit, nodeLimits: [:], directory: directory)
    let budget = HelperBudget(limit: Self.limit, nodeLimits: [:], places: places)
    let chunk = RecordedWork { _ in
      let isHelper = DetachedThread.currentID != caller
      if isHelper { self.enter() }
      if isHelper && dies && self.tasksDone(process) == tasks { self.die() }
      usleep(200)
      if isHelper { self.leave() }
    }
    var control = TaskControl.madeUp(budget: budget)
    // on a busy machine helpers at nice 19 might never come to count themselves
    control.helpersNice = 0
    for _ in 0..<(dies ? Int.max : tasks) {
      let outcome = try control.run(chunk, start: 0, size: 12)
      if outcome.end != .finished || outcome.unitsDone != 12 { exit(1) }
      if tasksDone(process) < tasks { unsafe self.count(2 + process).pointee.add(1, ordering: .relaxed) }
    }
  }
}
