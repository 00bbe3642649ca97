import LinuxSystem
import MemoryWork
import Testing

@testable import ktaskctl

/// Every operation with every error number that has a meaning of its own.
@Suite("What a failed call comes to")
struct OperationErrnoTests {
  typealias Operation = MemoryError.Operation

  private static let operations: [(operation: Operation, gerund: String)] = [
    (.open, "opening"), (.create, "creating"), (.resize, "resizing"), (.lock, "locking the file"), (.map, "mapping"),
    (.advise, "advising"), (.populate, "populating"), (.allocate, "allocating"), (.touch, "touching"),
    (.clear, "clearing"), (.verify, "verifying"), (.pin, "locking in memory"), (.register, "registering with io_uring"),
    (.inspect, "inspecting"), (.mapForDevices, "mapping for devices"), (.place, "binding to nodes"),
    (.locate, "asking for the nodes of pages"), (.remove, "removing"), (.punch, "giving pages back"),
    (.growPool, "changing the pool"), (.read, "reading"), (.own, "giving it to its owner"),
    (.mode, "setting its mode"),
  ]

  /// The status and the word of all operations, but for those that are named with their own.
  struct Row: Sendable {
    let errno: Errno
    let text: String
    let status: Status
    let code: String
    var others: [Operation: Status] = [:]
  }

  private static let pinning: [Operation: Status] = [
    .pin: .permission, .register: .permission, .mapForDevices: .permission,
  ]

  private static let rows = [
    Row(
      errno: .noMemory, text: "Cannot allocate memory (ENOMEM)", status: .shortage, code: "no-memory", others: pinning),
    Row(errno: .fault, text: "Bad address (EFAULT)", status: .shortage, code: "no-memory"),
    Row(
      errno: .noSpace, text: "No space left on device (ENOSPC)", status: .shortage, code: "no-space",
      others: [.mapForDevices: .permission]),
    Row(errno: .quota, text: "Disk quota exceeded (EDQUOT)", status: .shortage, code: "no-space"),
    Row(errno: .permission, text: "Operation not permitted (EPERM)", status: .permission, code: "permission"),
    Row(errno: .access, text: "Permission denied (EACCES)", status: .permission, code: "permission"),
    Row(errno: .readOnly, text: "Read-only file system (EROFS)", status: .permission, code: "permission"),
    Row(errno: .textBusy, text: "Text file busy (ETXTBSY)", status: .permission, code: "permission"),
    Row(errno: .tooManyFiles, text: "Too many open files (EMFILE)", status: .permission, code: "permission"),
    Row(errno: .fileTooBig, text: "File too large (EFBIG)", status: .permission, code: "resource-limit"),
    Row(
      errno: .poisoned, text: "the hardware has lost a page's contents (EHWPOISON)", status: .hardwareMemory,
      code: "hardware-memory-error"),
    Row(errno: .busy, text: "Device or resource busy (EBUSY)", status: .busy, code: "busy"),
    Row(
      errno: .notSupported, text: "Operation not supported (EOPNOTSUPP)", status: .notSupported, code: "not-supported"),
    Row(errno: .noSystemCall, text: "Function not implemented (ENOSYS)", status: .notSupported, code: "not-supported"),
    Row(errno: .invalid, text: "Invalid argument (EINVAL)", status: .notSupported, code: "not-supported"),
    Row(errno: .noDevice, text: "No such device (ENODEV)", status: .notSupported, code: "not-supported"),
    Row(errno: .inputOutput, text: "Input/output error (EIO)", status: .failed, code: "failed"),
    Row(errno: .noEntry, text: "No such file or directory (ENOENT)", status: .failed, code: "failed"),
  ]

  @Test("the status follows from the error number, and where memory is pinned ENOMEM is a limit", arguments: rows)
  func status(_ row: Row) {
    for (operation, _) in Self.operations {
      let error = MemoryError(.failed(operation, row.errno))
      #expect(error.exitStatus == row.others[operation] ?? row.status, "\(operation)")
      // what a limit keeps has the limits' word, but for devices' address space, whose errno is that of space
      let isLimit = row.errno == .noMemory && Self.pinning[operation] != nil
      let isSpace = row.errno == .noSpace && operation == .mapForDevices
      #expect(error.code == (isLimit ? "resource-limit" : isSpace ? "permission" : row.code), "\(operation)")
    }
  }

  /// Where the kernel means something else than most people would think.
  private static let meanings: [Operation: [Errno: String]] = [
    .populate: [.fault: "no memory left for a page (EFAULT)"],
    .touch: [.fault: "no memory left for a page (EFAULT)"],
    .clear: [.fault: "a page has gone: the file was cut, or there is no memory left (EFAULT)"],
    .verify: [.fault: "a page has gone: the file was cut, or there is no memory left (EFAULT)"],
    .register: [
      .noMemory: "more than the limit for locked memory allows, which all of the user's processes share (ENOMEM)"
    ],
    .pin: [
      .noMemory: "more than the limit for locked memory allows (ENOMEM)",
      .permission: "more than the limit for locked memory allows (EPERM)",
    ],
    .mapForDevices: [.noMemory: "more than the limit for locked memory allows (ENOMEM)"],
    .own: [.permission: "only root gives files to others (EPERM)"],
    .growPool: [.readOnly: "/sys is mounted read-only here (EROFS)"],
    .read: [.inputOutput: "the disk, or its file system, cannot read what it has (EIO)"],
  ]

  @Test("the sentence says what was being done, and what the kernel means", arguments: rows)
  func sentence(_ row: Row) {
    for (operation, gerund) in Self.operations {
      let meaning = Self.meanings[operation]?[row.errno] ?? row.text
      #expect(MemoryError(.failed(operation, row.errno)).told.why == "\(gerund) failed: \(meaning)")
    }
  }

  /// Without huge pages; nil: none.
  private static func remedy(_ operation: Operation, _ errno: Errno) -> String? {
    switch (operation, errno) {
    case (.growPool, .permission), (.growPool, .access), (.growPool, .readOnly): nil
    case (.own, .permission): "where CAP_CHOWN is held"
    case (_, .tooManyFiles): "ulimit -n 1048576"
    case (.pin, _), (.register, .noMemory), (.mapForDevices, .noMemory): "ulimit -l unlimited"
    case (.place, .permission), (.locate, .permission):
      "CAP_SYS_NICE, or a seccomp profile that allows get_mempolicy(2) and mbind(2) and move_pages(2)"
    case (.mapForDevices, .noSpace): "a larger --map-size"
    default: nil
    }
  }

  @Test("the remedy is for whoever can do something about it", arguments: rows)
  func remedies(_ row: Row) {
    for (operation, _) in Self.operations {
      let told = MemoryError(.failed(operation, row.errno)).told
      #expect(told.remedy == Self.remedy(operation, row.errno), "\(operation)")
    }
  }

  @Test("huge pages that run out are asked of their pool, and a pool that cannot be looked at has a remedy of its own")
  func hugePages() {
    let error = MemoryError(.failed(.map, .noMemory), bytes: 4 << 20, pageSize: 2 << 20)
    #expect(error.told.why == "mapping failed, 4 MiB long, in 2 MiB pages: not enough free huge pages (ENOMEM)")
    let setting = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
    #expect(error.told.remedy == "a larger number in \(setting)")
    var facts = FailureFacts(here: .root)
    facts.poolUnread = Unreadable("/sys/kernel/mm/hugepages", .noEntry)
    #expect(error.failure(facts).remedy == "mount -t sysfs sysfs /sys")
    for errno in [Errno.permission, .access, .readOnly] {
      let refused = MemoryError(.failed(.growPool, errno), pageSize: 2 << 20)
      #expect(refused.told.remedy == "a larger number in \(setting)")
    }
  }
}
