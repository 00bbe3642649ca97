import Glibc
import LinuxSystem
import Testing

@testable import KTask

/// R4 across users. Each test has a process to itself, which changes its user.
@Suite("Places that users share", .enabled(if: geteuid() == 0, "only root becomes another user"))
struct SharedByUsersTests {
  private static let nobody: uid_t = 65534

  @Test("are one place for root and for any user, whatever root's umask was when it made the file")
  func contend() async {
    await #expect(processExitsWith: .success) {
      let parent = try PlaceDirectory()
      let path = parent.path + "/ktask"
      let places = { SharedPlaces(limit: 1, nodeLimits: [:], directory: path) }
      umask(0o077)
      let roots = places()
      let first = try #require(roots.place())
      #expect(seteuid(Self.nobody) == 0)
      let users = places()
      #expect(users.isMachineWide)
      #expect(users.left == 0 && users.place() == nil)
      roots.release(first)
      let second = try #require(users.place())
      #expect(seteuid(0) == 0)
      #expect(roots.left == 0 && roots.place() == nil)
      users.release(second)
      #expect(roots.place() != nil)
      unsafe unlink(path + "/helpers")
      unsafe rmdir(path)
    }
  }

  /// Each lock is a run of its own, and half of the places are free; the kernel walks through all locks for each call.
  @Test("cost no more than some walks through a user's locks, however many these are")
  func manyLocks() async {
    await #expect(processExitsWith: .success) { try Self.lookBesideManyLocks(limit: 3) }
    await #expect(processExitsWith: .success) { try Self.lookBesideManyLocks(limit: 2000) }
  }

  private static func lookBesideManyLocks(limit: Int) throws {
    let directory = try PlaceDirectory()
    let places = SharedPlaces(limit: limit, nodeLimits: [:], directory: directory.path)
    #expect(places.left == limit)
    #expect(seteuid(Self.nobody) == 0)
    let file = unsafe open(directory.file, O_RDONLY | O_CLOEXEC)
    for place in 0..<8000 { #expect(Self.lock(file, 2 * place + 1, Self.setsLockOfOpenFile) == 0) }
    #expect(seteuid(0) == 0)
    let walk = Self.time { #expect(Self.lock(file, 1 << 40, Self.tellsLockOfOpenFile) == 0) }
    let look = Self.time(tries: 1) { #expect(places.left == 0 && places.place() == nil) }
    #expect(look < 200 * walk, "a look took \(look) ns, a walk \(walk) ns")
    close(file)
    if limit == 3 { #expect(places.left == 3 && places.place() != nil) }
  }

  // Numbers that Swift does not import: F_OFD_GETLK and F_OFD_SETLK.
  private static let (tellsLockOfOpenFile, setsLockOfOpenFile): (Int32, Int32) = (36, 37)

  /// One byte, for reading.
  private static func lock(_ file: Int32, _ byte: Int, _ how: Int32) -> Int32 {
    var one = Glibc.flock(
      l_type: Int16(F_RDLCK), l_whence: Int16(SEEK_SET), l_start: byte, l_len: 1, l_pid: 0)
    return unsafe fcntl(file, how, &one)
  }

  /// The least of a few, in nanoseconds of this thread.
  private static func time(tries: Int = 5, _ body: () -> Void) -> UInt64 {
    (0..<tries).map { _ in
      let began = Clock.ofThread()
      body()
      return max(1, Clock.ofThread() - began)
    }.min()!
  }

  @Test("may all be locked by a user: tasks then run on their callers' threads, and their outcomes say why")
  func allLocked() async {
    await #expect(processExitsWith: .success) {
      let directory = try PlaceDirectory()
      let places = SharedPlaces(limit: 3, nodeLimits: [0: 2], directory: directory.path)
      #expect(seteuid(Self.nobody) == 0)
      let file = unsafe open(directory.file, O_RDONLY | O_CLOEXEC)
      var whole = Glibc.flock(
        l_type: Int16(F_RDLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
      #expect(unsafe fcntl(file, Self.setsLockOfOpenFile, &whole) == 0)
      #expect(seteuid(0) == 0)
      let budget = HelperBudget(limit: 3, nodeLimits: [0: 2], places: places)
      #expect(budget.isMachineWide && budget.left == 0)
      let few = try TaskControl.madeUp(budget: budget).run(RecordedWork(), start: 0, size: 100)
      #expect(few.end == .finished && few.threads.count == 1)
      #expect(few.bounds.contains(Bound(.helperLimit, 1)))
      let many = try TaskControl.madeUp(threads: .exactly(4), budget: budget).run(RecordedWork(), start: 0, size: 100)
      #expect(many.end == .finished && many.threads.count == 4)
      #expect(many.exceededBounds == [Bound(.helperLimit, 1)])
      close(file)
      #expect(budget.left == 3)
    }
  }
}
