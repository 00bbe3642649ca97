import Glibc
import LinuxSystem
import Testing

@testable import KTask

/// Programs that close every descriptor that they did not open themselves, as daemons do, and then open files of their own.
@Suite("The descriptor of the file of places", .enabled(if: geteuid() == 0, "only root makes the file"))
struct DescriptorTests {
  @Test("lies at a high number, out of the programs' way, and in the table of files that every process has")
  func isHigh() async {
    await #expect(processExitsWith: .success) {
      let directory = try PlaceDirectory()
      // Whoever started the tests may have left some open, and other threads may open some meanwhile.
      let lowest = Array((48..<Int32.max).lazy.filter { fcntl($0, F_GETFD) < 0 }.prefix(8))
      let budget = Self.budget(directory)
      let number = try #require(Self.numbers(of: directory.file).first)
      #expect(lowest.contains(number))
      #expect(budget.isMachineWide)
    }
  }

  /// By its exit status alone: the numbers closed are also those by which a test says more.
  @Test("is not used any more when the program has closed it and has another file open at its number")
  func isLost() async {
    await #expect(processExitsWith: .exitCode(42)) {
      var limit = rlimit(rlim_cur: 256, rlim_max: 256)
      Self.demand(1, unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
      let directory = try PlaceDirectory()
      let budget = Self.budget(directory)
      guard let number = Self.numbers(of: directory.file).first else { exit(2) }
      let own = try PlaceDirectory()
      let isFirst = Guarded(true)
      // in the midst of a task, so that its end finds the descriptor gone
      let closing = RecordedWork { _ in
        isFirst.withLock { isFirst in
          if isFirst { Self.replaceAll(by: own.path + "/own.db", locking: number) }
          isFirst = false
        }
      }
      Self.demand(3, try Self.threads(closing, budget) == 4)
      Self.demand(4, Self.isWhollyLocked(seenFrom: number - 1))
      // every number is taken: the limits hold within the process
      Self.demand(5, try Self.threads(RecordedWork(), budget) == 4)
      Self.demand(6, Self.isWhollyLocked(seenFrom: number - 1) && !budget.isMachineWide)
      close(number - 2)
      Self.demand(7, try Self.threads(RecordedWork(), budget) == 4)
      Self.demand(8, Self.isWhollyLocked(seenFrom: number - 1))
      Self.demand(9, budget.isMachineWide && budget.left == 3)
      // /proc/self/fd cannot be opened now
      var (opened, named) = (stat(), stat())
      Self.demand(11, unsafe fstat(number - 2, &opened) == 0 && stat(directory.file, &named) == 0)
      Self.demand(12, opened.st_ino == named.st_ino)
      exit(42)
    }
  }

  private static let locked = 1 << 20
  // Numbers that Swift does not import: F_OFD_GETLK and F_OFD_SETLK.
  private static let (tellsLockOfOpenFile, setsLockOfOpenFile): (Int32, Int32) = (36, 37)

  private static func demand(_ status: Int32, _ condition: Bool) {
    if !condition { exit(status) }
  }

  private static func budget(_ directory: PlaceDirectory) -> HelperBudget {
    let places = SharedPlaces(limit: 3, nodeLimits: [:], directory: directory.path)
    return HelperBudget(limit: 3, nodeLimits: [:], places: places)
  }

  private static func threads(_ work: RecordedWork, _ budget: HelperBudget) throws -> Int {
    try TaskControl.madeUp(budget: budget).run(work, start: 0, size: 100).threads.count
  }

  /// The descriptors at which `file` is open.
  private static func numbers(of file: String) -> [Int32] {
    SystemFiles().entries(of: "/proc/self/fd").compactMap { Int32($0) }.filter { number in
      var target = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = unsafe readlink("/proc/self/fd/\(number)", &target, target.count)
      return count > 0 && String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) == file
    }
  }

  /// Closes all but the standard streams and opens a new file at every number, whose first MiB is then locked at one.
  private static func replaceAll(by file: String, locking number: Int32) {
    for other in 3..<Int32(256) { close(other) }
    while unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) >= 0 {}
    var lock = Glibc.flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: locked, l_pid: 0)
    demand(10, unsafe fcntl(number, setsLockOfOpenFile, &lock) == 0)
  }

  /// Whether that lock is as it was, and nobody has put another on the rest.
  private static func isWhollyLocked(seenFrom number: Int32) -> Bool {
    var first = Glibc.flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    var rest = Glibc.flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: locked, l_len: 0, l_pid: 0)
    guard unsafe fcntl(number, tellsLockOfOpenFile, &first) == 0, unsafe fcntl(number, tellsLockOfOpenFile, &rest) == 0
    else { return false }
    return first.l_type == F_WRLCK && first.l_start == 0 && first.l_len == locked && rest.l_type == F_UNLCK
  }
}
