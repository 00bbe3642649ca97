import LinuxSystem
import MemoryWork
import Testing

@testable import ktaskctl

/// What is told of each cause, its exit status, and its word for programs; the statuses are the contract's.
@Suite("What is told of a failure")
struct FailureTests {
  struct Case: Sendable {
    let error: MemoryError
    let why: String
    var remedy: String?
    let status: Status
    let code: String

    init(
      _ cause: MemoryError.Cause, _ why: String, try remedy: String? = nil, _ status: Status, _ code: String,
      _ change: (inout MemoryError) -> Void = { _ in }
    ) {
      var error = MemoryError(cause, path: "/m/f")
      change(&error)
      self.error = error
      self.why = why
      self.remedy = remedy
      self.status = status
      self.code = code
    }
  }

  private static let files: [Case] = [
    Case(
      .wrongKind(.symbolicLink), "is a symbolic link, not a regular file",
      try: "name the file that it leads to: readlink -f /m/f", .notSupported, "not-supported"),
    Case(.wrongKind(.fifo), "is a FIFO, not a regular file", .notSupported, "not-supported"),
    Case(
      .wrongFileSystem("ext4"), "lies on ext4, whose files have no memory that this could work on", .notSupported,
      "not-supported"),
    Case(
      .wrongPageSize(has: 4096), "has 4 KiB pages, not 2 MiB ones",
      try: "mkdir -p /dev/hugepages && mount -t hugetlbfs -o pagesize=2M none /dev/hugepages, and a FILE there",
      .notSupported, "not-supported"
    ) { $0.pageSize = 2 << 20 },
    Case(
      .wrongPageSize(has: 2 << 20), "has 2 MiB pages, not 4 KiB ones",
      try: "a FILE on another file system, or leave out --page-size", .notSupported, "not-supported"
    ) { $0.pageSize = 4096 },
    Case(
      .busy, "another ktaskctl, or another program that locks it, is working on it", .busy, "busy"),
    Case(.missing, "there is no such file", .failed, "failed"),
    Case(.noSize, "it has no size yet and none is asked for", try: "give it one: --size SIZE", .usage, "usage"),
    Case(
      .beyondEnd(size: 4 << 20), "has 4 MiB, less than is asked for", try: "ktaskctl prefault --size SIZE /m/f", .usage,
      "usage"),
    Case(.namedTwice, "is the same file as one named before it", .usage, "usage"),
    Case(
      .hasPages(bytes: 4096), "has 4 KiB of its own, which several runs would have to give back",
      try: "one run with one thread count, or another file", .usage, "usage"),
    Case(.replaced, "the name means another file by now, which is left alone", .failed, "failed"),
    Case(.notGivenBack, "not all of it could be given back", .failed, "failed"),
    Case(
      .notReleased(bytes: 4096), "4 KiB are there again: another program writes to it", .failed, "failed"),
    Case(.cancelled, "cancelled", .failed, "failed"),
  ]

  private static let pages: [Case] = [
    Case(
      .noSuchPageSize, "this machine has no pages of 8 MiB", try: "ls /sys/kernel/mm/hugepages", .notSupported,
      "not-supported"
    ) { $0.pageSize = 8 << 20 },
    Case(
      .transparentOff, "its file system does not use transparent huge pages",
      try: "mount -o remount,huge=advise on its mount point, if it is a tmpfs", .notSupported, "not-supported"),
    Case(
      .transparentOff, "transparent huge pages are switched off",
      try: "echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled", .notSupported, "not-supported"
    ) { $0.path = "memfd" },
    Case(
      .transparentOff, "transparent huge pages are switched off",
      try: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled", .notSupported, "not-supported"
    ) { $0.path = nil },
    Case(
      .transparentOffForProcess,
      "transparent huge pages are switched off for this process by what started it (PR_SET_THP_DISABLE)",
      try: "start it from a shell in which grep THP_enabled /proc/self/status says 1, or --page-size 4K",
      .notSupported, "not-supported"),
    Case(
      .noMethod(.mapCold), "the method map-cold does not work here", .notSupported, "not-supported"),
    Case(
      .poolShort(wanted: 8, got: 3),
      "the pool of 2 MiB pages lacks 8 on node 1, and the kernel found memory for 3 of them",
      try: "a smaller --size, a longer --timeout, or reserve the pages when the machine starts", .shortage, "no-memory"
    ) { ($0.pageSize, $0.node) = (2 << 20, 1) },
  ]

  private static let afterwards: [Case] = [
    Case(.notZero, "the byte at offset 5 is not zero after clearing", .failed, "failed") { $0.offset = 5 },
    Case(.notResident(bytes: 4096), "4 KiB are not resident afterwards", .failed, "failed"),
    Case(
      .unknownResidency, "the kernel does not tell how much of it is resident afterwards", .failed, "failed"),
    Case(.notAllocated(bytes: 4096), "4 KiB have no blocks on the disk afterwards", .failed, "failed"),
    Case(.notLocked(bytes: 4096), "4 KiB are not locked afterwards (VmLck)", .failed, "failed"),
    Case(.notPinned(bytes: 4096), "4 KiB are not pinned afterwards", .failed, "failed"),
  ]

  private static let nodes: [Case] = [
    Case(
      .noSuchNodes("7", why: "node 7 is not there"), "node 7 is not there", try: "ktaskctl topology", .notSupported,
      "not-supported"),
    Case(.noSuchNodes("!0", why: nil), "that leaves no node", try: "ktaskctl topology", .notSupported, "not-supported"),
    Case(
      .noNodes, "the kernel or the container that this runs in has no NUMA policies for it",
      try: "CAP_SYS_NICE, or a seccomp profile that allows get_mempolicy(2) and mbind(2) and move_pages(2)",
      .notSupported, "not-supported"),
    Case(
      .noPlacement("ext4"), "ext4 follows the policy of the thread, not that of the memory",
      try: "numactl --membind=NODES in front of ktaskctl instead of --nodes, or another --method", .notSupported,
      "not-supported"),
    Case(
      .wrongNode(bytes: 4096, asked: NodeSet([0]), wasThere: true),
      "has 4 KiB on node 1 already, from offset 0 on, not on node 0, and pages are not moved",
      try: "--policy preferred, or remove /m/f and make it anew", .failed, "failed"
    ) { ($0.node, $0.offset) = (1, 0) },
    Case(
      .wrongNode(bytes: 4096, asked: NodeSet([0, 1]), wasThere: false),
      "4 KiB came to lie elsewhere, not on nodes 0-1", .failed, "failed"),
  ]

  private static let demands: [Case] = [
    (.size(has: 4096), "has 4 KiB, less than is demanded"),
    (.residency(missing: 4096), "4 KiB of 8 KiB are not resident"),
    (.unknownResidency, "the kernel does not tell how much of it is resident"),
    (.unknownPages, "the kernel does not tell in which pages it is"),
    (.unknownNodes, "the kernel does not tell on which nodes it is"),
    (
      .pages(bytes: 4096, has: 2 << 20),
      "4 KiB are in other pages than demanded; most of the file is in 2M pages"
    ),
    (.nodes(bytes: 4096, asked: NodeSet([1])), "4 KiB of 8 KiB are not on node 1"),
    (.content, "the byte at offset 5 is not zero"),
  ].map { (shortfall: Shortfall, why: String) in
    Case(.notAsDemanded(shortfall), why, .notAsDemanded, "not-as-demanded") { ($0.bytes, $0.offset) = (8192, 5) }
  }

  private static let unread: [Case] = [
    Case(
      .unread(Unreadable("/proc/meminfo", .noEntry)), "/proc/meminfo cannot be read (ENOENT)",
      try: "mount -t proc proc /proc", .notSupported, "not-supported"),
    Case(
      .unread(Unreadable("/sys/kernel/mm", .noEntry)), "/sys/kernel/mm cannot be read (ENOENT)",
      try: "mount -t sysfs sysfs /sys", .notSupported, "not-supported"),
    Case(
      .unread(Unreadable("/proc/meminfo", .isUnclear)), "/proc/meminfo does not tell", .notSupported, "not-supported"),
    Case(.unread(Unreadable("a", .isHidden)), "a cannot be seen from here", .notSupported, "not-supported"),
    Case(.unread(Unreadable("a", .access)), "a cannot be read (EACCES)", .permission, "permission"),
    Case(
      .unread(Unreadable("a", .tooManyFiles)), "a cannot be read (EMFILE)", try: "ulimit -n 1048576", .permission,
      "permission"),
    Case(.unread(Unreadable("a", .tooManyFilesInAll)), "a cannot be read (ENFILE)", .shortage, "no-memory"),
    Case(.unread(Unreadable("a", .noMemory)), "a cannot be read (ENOMEM)", .shortage, "no-memory"),
  ]

  @Test(
    "each cause has its sentence, its remedy, its status and its word",
    arguments: [files, pages, afterwards, nodes, demands, unread].flatMap(\.self))
  func cause(_ expected: Case) {
    let failure = expected.error.told
    #expect(failure.why == expected.why)
    #expect(failure.remedy == expected.remedy)
    #expect(failure.exitStatus == expected.status)
    #expect(failure.code == expected.code)
  }

  @Test("what it is about is a file, as it can be shown, or memory without one, or the words for nodes")
  func subject() {
    #expect(MemoryError(.missing, path: "/m/a\nb").told.what == "/m/a\\nb")
    #expect(MemoryError(.missing).told.what == "anonymous memory")
    #expect(MemoryError(.noSuchNodes("7", why: nil), path: "/m/f").told.what == "nodes 7")
  }

  @Test("what could not all be undone is not told to be untouched")
  func leavesChanges() {
    for (cause, before) in [
      (MemoryError.Cause.busy, Status.busy), (.noMethod(.touch), .notSupported), (.noSize, .usage),
      (.failed(.populate, .fault), .shortage), (.failed(.open, .access), .permission),
    ] {
      var error = MemoryError(cause)
      #expect(error.exitStatus == before)
      error.leavesChanges = true
      #expect(error.exitStatus == ([.shortage, .permission].contains(before) ? before : .failed))
    }
  }

  @Test("lines are one line each, and the document has what they say and the numbers")
  func lines() {
    var error = MemoryError(.failed(.populate, .fault), path: "/m/f", offset: 4096, bytes: 1 << 20, node: 1)
    error.pageSize = 2 << 20
    let failure = error.told
    let why =
      "populating failed at offset 4096 (4 KiB), 1 MiB long, in 2 MiB pages, on node 1: no memory left for a page (EFAULT)"
    let remedy = "a larger number in /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages"
    #expect(failure.lines == ["ktaskctl: /m/f: \(why)", "  try: \(remedy)"])
    #expect(
      Document.Failure(failure)
        == Document.Failure(
          code: "no-memory", exitStatus: 3, message: why, path: "/m/f", offset: 4096, bytes: 1 << 20, node: 1,
          errno: "EFAULT", remedy: remedy))
  }
}
