import LinuxSystem
import MemoryWork
import Testing

@testable import ktaskctl

/// What is told to whom, on made-up machines.
@Suite("Remedies")
struct RemedyTests {
  private static let root = Surroundings(isRoot: true, mayRaiseLimits: true, mayAdminister: true)
  private static let user = Surroundings(isRoot: false, mayRaiseLimits: false, mayAdminister: false)

  /// The same, changed.
  private static func like(_ here: Surroundings, _ change: (inout Surroundings) -> Void) -> Surroundings {
    var here = here
    change(&here)
    return here
  }

  private static let container = like(user) { $0.container = .ordinary }
  private static let containersRoot = like(container) { $0.isRoot = true }
  private static let ownUsers = like(containersRoot) { $0.container = .ownUsers }

  private static func limited(_ here: Surroundings, _ soft: Int, _ hard: Int?) -> Surroundings {
    like(here) { $0.limits[.lockedMemory] = ResourceLimit(soft: soft, hard: hard) }
  }

  /// 1 MiB more than 64 KiB.
  @Test(
    "the limit for locked memory is raised by who can raise it",
    arguments: [
      (limited(user, 64 << 10, nil), "ulimit -l unlimited"), (limited(root, 64 << 10, 64 << 10), "ulimit -l unlimited"),
      (limited(user, 64 << 10, 8 << 20), "ulimit -l 8192"), (limited(container, 64 << 10, 8 << 20), "ulimit -l 8192"),
      (
        limited(user, 64 << 10, 1 << 20),
        "as root: memlock in /etc/security/limits.conf for its logins, or LimitMEMLOCK=infinity in its unit; "
          + "ulimit -l goes no higher here"
      ),
      (
        limited(containersRoot, 64 << 10, 64 << 10),
        "--ulimit memlock=-1 or --cap-add IPC_LOCK for its container; ulimit -l goes no higher here"
      ),
      (
        limited(ownUsers, 64 << 10, 64 << 10),
        "--ulimit memlock=-1 for its container, or --cap-add IPC_LOCK without a user namespace of its own; "
          + "ulimit -l goes no higher here"
      ),
      (limited(like(user) { $0.unit = .system }, 64 << 10, nil), "LimitMEMLOCK=infinity in its unit"),
      (like(root) { $0.unit = .system }, "LimitMEMLOCK=infinity in its unit"),
      (like(user) { $0.unit = .user }, "LimitMEMLOCK=infinity in user@.service, whose units have no more"),
    ])
  func lockedMemory(here: Surroundings, remedy: String) {
    #expect(Check(.lockLimit, need: (1 << 20) + 1, have: 0).remedy(in: here) == remedy)
  }

  @Test("descriptors have a limit that is a number, for files every shell has a unit of its own")
  func others() {
    var here = Self.user
    here.limits = [
      .openFiles: ResourceLimit(soft: 5, hard: nil), .fileSize: ResourceLimit(soft: 5, hard: 4096),
    ]
    #expect(here.raising(.openFiles) == "ulimit -n 1048576")
    #expect(here.raising(.fileSize, by: 4000) == "prlimit --pid $$ --fsize=4096")
    #expect(Self.containersRoot.raising(.openFiles).hasPrefix("--ulimit nofile=1048576 "))
  }

  @Test(
    "a pool is raised by root outside of containers, or where these may",
    arguments: [
      (root, ""), (user, "as root: "), (container, "as root, outside of the container: "),
      (containersRoot, "outside of the container, which cannot change pools: "),
      (like(root) { $0.container = .ordinary }, ""),
      (like(root) { $0.mayAdminister = false }, "where /proc/sys and /sys can be written: "),
    ])
  func pool(here: Surroundings, who: String) {
    let check = Check(.hugePages(size: 2 << 20, total: 4), need: 8 << 20, have: 2 << 20)
    let command = "echo 7 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
    #expect(check.remedy(in: here) == who + command)
  }

  @Test("a control group is its container's or its unit's")
  func groups() {
    let check = Check(.cgroupMemory(path: "/vm"), need: 2, have: 1)
    #expect(check.remedy(in: Self.user) == "raise the cgroup's memory limit, or a smaller --size")
    #expect(check.remedy(in: Self.container) == "a larger --memory for its container, or a smaller --size")
    let service = Self.like(Self.root) { $0.unit = .system }
    #expect(check.remedy(in: service) == "a larger MemoryMax= in its unit, or a smaller --size")
  }

  @Test("shared memory of a container is sized where it is started, other tmpfs by a command that is ready to run")
  func space() {
    let shm = Self.containersRoot.enlarging(tmpfs: "/dev/shm", to: (64 << 20) + 1)
    #expect(shm == "--shm-size=65m for its container")
    #expect(Self.root.enlarging(tmpfs: "/a b", to: 64 << 20) == "mount -o remount,size=64M '/a b'")
    #expect(Self.root.enlarging(tmpfs: "/it's", to: nil) == "mount -o remount,size=SIZE '/it'\\''s'")
    #expect(Self.user.enlarging(tmpfs: "/dev/shm", to: 1) == "as root: mount -o remount,size=1M /dev/shm")
  }

  @Test(
    "io_uring is allowed by whoever forbids it",
    arguments: [
      (.ringsDisabled(.everybody), root, "sysctl kernel.io_uring_disabled=0"),
      (
        .ringsDisabled(.allButGroup(7)), user,
        "as root: sysctl kernel.io_uring_disabled=0, or as a member of the group 7"
      ),
      (.ringsFiltered, user, "a seccomp profile that allows io_uring_setup(2) and io_uring_register(2)"),
      (
        .ringsFiltered, container,
        "--security-opt seccomp=PROFILE for its container: a seccomp profile that allows io_uring_setup(2) and "
          + "io_uring_register(2)"
      ),
      (
        .ringsFiltered, like(root) { $0.unit = .system },
        "SystemCallFilter=io_uring_setup io_uring_register in its unit"
      ),
      (.ringLimit(4096), limited(user, 4096, nil), "ulimit -l unlimited"), (.rings(.noSystemCall), root, nil),
    ] as [(PinRefusal, Surroundings, String?)])
  func rings(refusal: PinRefusal, here: Surroundings, remedy: String?) {
    #expect(refusal.remedy(in: here) == remedy)
  }

  @Test("a pool that has enough is not told to be raised")
  func hiddenLimit() {
    var error = MemoryError(.failed(.populate, .fault), path: "/h/f", offset: 0, bytes: 4 << 20, pageSize: 2 << 20)
    #expect(error.failure(in: Self.root).remedy?.hasSuffix("/nr_hugepages") == true)
    error.poolFree = 62
    let failure = error.failure(in: Self.container)
    #expect(failure.why.contains("the pool has 62 free: a hugetlb limit of a control group that is not visible here?"))
    #expect(failure.remedy == "a larger hugetlb limit for its container")
    #expect(error.failure(in: Self.root).remedy == "raise the cgroup's hugetlb limit")
  }

  @Test(
    "where hugetlbfs is usually mounted and is not, it is told how, and of no other directory that is missing",
    arguments: [
      ("/dev/hugepages/vm1", nil, "mkdir -p /dev/hugepages && mount -t hugetlbfs none /dev/hugepages"),
      (
        "/dev/hugepages/vm1", 1 << 30,
        "mkdir -p /dev/hugepages && mount -t hugetlbfs -o pagesize=1G none /dev/hugepages"
      ),
      ("/dev/hugepages/none/vm1", nil, nil), ("/dev/hugepages-1G/vm1", nil, nil), ("/none/vm1", nil, nil),
      ("vm1", nil, nil),
    ] as [(String, Int?, String?)])
  func notMounted(path: String, pageSize: Int?, remedy: String?) {
    let error = MemoryError(.failed(.create, .noEntry), path: path, pageSize: pageSize)
    #expect(error.failure(in: Self.root).remedy == remedy)
    #expect(error.failure(in: Self.user).remedy == remedy.map { "as root: " + $0 })
  }
}

extension Check {
  fileprivate func remedy(in here: Surroundings) -> String? { remedy(FailureFacts(here: here)) }
}

extension MemoryError {
  fileprivate func failure(in here: Surroundings) -> ktaskctl.Failure { failure(FailureFacts(here: here)) }
}
