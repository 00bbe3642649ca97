import LinuxSystem
import Testing

@testable import MemoryWork
@testable import ktaskctl

/// What was found to be missing beforehand, and what cannot pin.
@Suite("What is told of checks and of pins")
struct CheckFailureTests {
  struct Case: Sendable {
    let check: Check
    let why: String
    let remedy: String?
    let status: Status
    let code: String

    /// 3 MiB are needed, 1 MiB is there.
    init(
      _ what: Check.What, _ why: String, try remedy: String?, _ status: Status = .shortage,
      _ code: String = "no-memory"
    ) {
      check = Check(what, need: 3 << 20, have: 1 << 20, path: "/m/f")
      self.why = why
      self.remedy = remedy
      self.status = status
      self.code = code
    }
  }

  private static let pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
  private static let node = "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages"

  @Test(
    "each check has its sentence, its remedy, its status and its word",
    arguments: [
      Case(
        .memory, "needs 3 MiB of memory with its page tables, 1 MiB are available",
        try: "a smaller --size, or stop something else"),
      Case(
        .cgroupMemory(path: "/vm"), "needs 3 MiB of memory with its page tables, cgroup /vm has 1 MiB left",
        try: "raise the cgroup's memory limit, or a smaller --size"),
      Case(
        .hugePages(size: 1 << 20, total: 4), "3 MiB needs 3 free 1 MiB pages, 1 are free",
        try: "echo 6 > /sys/kernel/mm/hugepages/hugepages-1024kB/nr_hugepages"),
      Case(
        .cgroupHugePages(size: 1 << 20, path: "/vm"), "3 MiB needs 3 1 MiB pages, cgroup /vm may have 1 more",
        try: "raise the cgroup's hugetlb limit, or a smaller --size"),
      Case(
        .nodeMemory(node: 1), "needs 3 MiB of memory with its page tables on node 1, 1 MiB are available there",
        try: "a smaller --size, other --nodes, or stop something that has memory there"),
      Case(
        .nodeHugePages(size: 2 << 20, node: 1, total: 0), "3 MiB needs 1 free 2 MiB page on node 1, 0 are free",
        try: "echo 1 > \(node)"),
      Case(
        .space(fileSystem: "tmpfs"), "needs 3 MiB more on its tmpfs, which has 1 MiB left",
        try: "mount -o remount,size=SIZE on its mount point, or a smaller --size", .shortage, "no-space"),
      Case(
        .space(fileSystem: "hugetlbfs"), "needs 3 MiB more on its hugetlbfs, which has 1 MiB left",
        try: "umount it, and mount it with a larger size=; its files go, and a remount would be ignored; "
          + "or a smaller --size", .shortage, "no-space"),
      Case(
        .space(fileSystem: "ext4"), "needs 3 MiB more on its ext4, which has 1 MiB left",
        try: "free disk space, or a smaller --size", .shortage, "no-space"),
      Case(
        .lockLimit, "needs 3 MiB of locked memory, the limit (RLIMIT_MEMLOCK) leaves 1 MiB",
        try: "ulimit -l unlimited", .permission, "resource-limit"),
      Case(
        .commitLimit(memory: 0),
        "needs 3 MiB that nobody was promised yet (vm.overcommit_memory=2), 1 MiB are left",
        try: "sysctl vm.overcommit_kbytes=264192, or a smaller --size"),
      Case(
        .fileSizeLimit, "is to have 3 MiB, the limit for files (RLIMIT_FSIZE) is 1 MiB", try: "ulimit -f unlimited",
        .permission, "resource-limit"),
      Case(
        .addressSpaceLimit, "needs 3 MiB of address space, the limit (RLIMIT_AS) leaves 1 MiB",
        try: "ulimit -v unlimited", .permission, "resource-limit"),
      Case(
        .dataLimit, "needs 3 MiB of memory of its own, the limit (RLIMIT_DATA) leaves 1 MiB",
        try: "ulimit -d unlimited", .permission, "resource-limit"),
      Case(
        .pieces("buffers"), "needs 3145728 buffers, 1048576 are possible", try: "a larger --map-size", .permission,
        "resource-limit"),
    ])
  func check(_ expected: Case) {
    let failure = MemoryError(.short(expected.check), path: "/m/f").told
    #expect(failure.why == expected.why)
    #expect(failure.remedy == expected.remedy)
    #expect(failure.exitStatus == expected.status)
    #expect(failure.code == expected.code)
    let isCounted = expected.check.what == .pieces("buffers")
    #expect(failure.bytes == (isCounted ? nil : 3 << 20))
  }

  @Test("files whose content would be lost to others are busy, and an amount is no matter")
  func use() {
    var use = FilesInUse()
    (use.paths, use.userCount, use.isMapped) = (["/m/f", "/m/g"], 1, true)
    use.users = [FileUser(process: 42, name: "qemu")]
    let failure = MemoryError(.short(Check(.alone(use), need: 0, have: 0)), path: "/m/f").told
    #expect(
      failure.why == "process 42 (qemu) has it mapped, and 1 more FILE in use: their content would be lost")
    #expect(failure.remedy == "stop that process, or --even-if-open: then its content is lost")
    #expect(failure.exitStatus == .busy && failure.code == "busy" && failure.bytes == nil)
  }

  @Test("who has the pages of a pool that lacks them is named")
  func holders() {
    var holder = PoolHolder()
    (holder.bytes, holder.name, holder.fileCount, holder.userCount) = (8 << 30, "/dev/hugepages/vm1", 2, 1)
    holder.users = [FileUser(process: 42, name: nil)]
    var error = MemoryError(.failed(.populate, .fault), pageSize: 2 << 20)
    error.holders = [holder]
    #expect(error.told.why.hasSuffix("(EFAULT); process 42 has 8 GiB in /dev/hugepages/vm1 and 1 other file"))
  }

  @Test("mounts that are known are named in remedies")
  func mounts() {
    var facts = FailureFacts(here: .root)
    facts.mountPoint = ("/m", 1 << 30)
    let space = Check(.space(fileSystem: "tmpfs"), need: 3 << 20, have: 1 << 20, path: "/m/f")
    #expect(space.remedy(facts) == "mount -o remount,size=1026M /m, or a smaller --size")
    #expect(
      MemoryError(.transparentOff, path: "/m/f").failure(facts).remedy
        == "mount -o remount,huge=advise /m, if it is a tmpfs")
    facts.hugePageMounts.holder = .init(path: "/h", options: ["rw", "pagesize=2M", "size=4194304"])
    let pool = Check(.space(fileSystem: "hugetlbfs"), need: 3 << 20, have: 1 << 20, path: "/h/f")
    #expect(
      pool.remedy(facts) == "umount /h && mount -t hugetlbfs -o pagesize=2M,size=6291456 none /h"
        + "; its files go, and a remount would be ignored; or a smaller --size")
    var wrong = MemoryError(.wrongPageSize(has: 4096), path: "/m/f")
    wrong.pageSize = 1 << 30
    facts.hugePageMounts.mounts = [.init(path: "/dev/hugepages"), .init(path: "/g", options: ["pagesize=1024M"])]
    #expect(
      wrong.failure(facts).remedy == "a FILE in /g, or mkdir -p /dev/hugepages-1G && "
        + "mount -t hugetlbfs -o pagesize=1G none /dev/hugepages-1G, and a FILE there")
    facts.hugePageMounts.emptyPoint = "/dev/hugepages"
    #expect(
      wrong.failure(facts).remedy == "mkdir -p /dev/hugepages && mount -t hugetlbfs -o pagesize=1G none /dev/hugepages")
  }

  private static let bound = IOMMUGroup.Device(address: "0000:00:05.0", driver: "vfio-pci")
  private static let free = IOMMUGroup.Device(address: "0000:00:06.0", driver: nil)
  private static let taken = IOMMUGroup.Device(address: "0000:00:07.0", driver: "nvme")

  @Test(
    "each refusal to pin has its sentence and its status",
    arguments: [
      (
        .ringLimit(4096),
        "no ring within the limit for locked memory (RLIMIT_MEMLOCK), 4 KiB for all of the user's processes together "
          + "(ENOMEM)", .permission, "resource-limit"
      ),
      (
        .ringsDisabled(.everybody), "the kernel's settings forbid it, kernel.io_uring_disabled is 2 (EPERM)",
        .permission, "permission"
      ),
      (
        .ringsDisabled(.allButGroup(nil)),
        "the kernel's settings forbid it, kernel.io_uring_disabled is 1, to all but CAP_SYS_ADMIN and no group of "
          + "kernel.io_uring_group (EPERM)", .permission, "permission"
      ),
      (
        .ringsFiltered, "a seccomp profile forbids it, not the kernel's settings (EPERM)", .permission, "permission"
      ),
      (
        .rings(.tooManyFiles), "a ring with registered buffers cannot be made: Too many open files (EMFILE)",
        .permission, "permission"
      ),
      (
        .rings(.noMemory), "a ring with registered buffers cannot be made: Cannot allocate memory (ENOMEM)", .shortage,
        "no-memory"
      ),
      (
        .rings(.noSystemCall), "the kernel has no io_uring, or a seccomp profile hides it (ENOSYS)", .notSupported,
        "not-supported"
      ),
      (.tooManyBuffers(9), "9 buffers are more than its rings have places for", .permission, "permission"),
      (.mapSize(4096), "mappings of 4 KiB would cut pages", .usage, "usage"),
      (
        .addressUnaligned(0x1800, page: 4096), "the address 0x1800 is not a multiple of the IOMMU's pages of 4 KiB",
        .usage, "usage"
      ),
      (.noIOMMU, "the kernel uses no IOMMU here", .notSupported, "not-supported"),
      (
        .noDriver("vfio"), "is not there: the kernel has no such driver, or it is not loaded", .notSupported,
        "not-supported"
      ),
      (
        .noGroup(of: [0, 1, 2, 3]), "there is no such IOMMU group, there are 0 to 3", .notSupported, "not-supported"
      ),
      (.noGroup(of: [0, 2]), "there is no such IOMMU group, there are 0, 2", .notSupported, "not-supported"),
      (.noDevice, "there is no such PCI device", .notSupported, "not-supported"),
      (
        .notBound([free]), "is not bound to vfio-pci: 0000:00:06.0 has no driver", .notSupported, "not-supported"
      ),
      (
        .notViable([bound, free, taken]), "not viable: 0000:00:07.0 has the driver nvme", .notSupported,
        "not-supported"
      ),
      (.openElsewhere, "another program has it open", .busy, "busy"),
      (
        .noInterruptRemapping(module: "vfio"),
        "the machine has no interrupt remapping, without which VFIO is not safe (EPERM)", .notSupported, "not-supported"
      ),
      (
        .addresses(nil, 4096, usable: []), "devices cannot see 4 KiB in one piece; usable: nothing", .notSupported,
        "not-supported"
      ),
      (
        .addresses(0x1000, 8192, usable: [DeviceAddresses(first: 0, last: 0xfff)]),
        "devices cannot see 8 KiB at 0x1000; usable: 0x0–0xfff", .notSupported, "not-supported"
      ),
    ] as [(PinRefusal, String, Status, String)])
  func refusal(_ refusal: PinRefusal, why: String, status: Status, code: String) {
    let failure = MemoryError(.noPin(refusal), path: "/dev/vfio/1").told
    #expect(failure.why == why)
    #expect(failure.exitStatus == status && failure.code == code)
  }
}
