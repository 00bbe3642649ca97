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

  @Test("may all be locked by a user: tasks then run on their callers' threads, and their outcomes say why")
  func allLocked() async {
    await #expect(processExitsWith: .success) {
      let directory = try PlaceDirectory()
      let places = SharedPlaces(limit: 3, nodeLimits: [0: 2], directory: directory.path)
      #expect(seteuid(Self.nobody) == 0)
      let file = unsafe open(directory.file, O_RDONLY | O_CLOEXEC)
      var whole = Glibc.flock(
        l_type: Int16(F_RDLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
      let setsLockOfOpenFile: Int32 = 37  // F_OFD_SETLK, which Swift does not import
      #expect(unsafe fcntl(file, setsLockOfOpenFile, &whole) == 0)
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
