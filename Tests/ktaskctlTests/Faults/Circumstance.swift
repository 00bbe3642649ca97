import Testing

/// What a process may find itself in: limits, streams, mounts and profiles that somebody else has made.
struct Circumstance: Sendable, CustomTestStringConvertible {
  var name: String
  /// Before the program's own words.
  var words: [String]
  /// For ktask-inject.
  var injector = ["watch"]
  /// Its words may reach nobody.
  var isMute = false
  /// Facts that are others here: places of the document.
  var changes: [String] = []

  var testDescription: String { name }
}

extension Circumstance {
  /// Standard output is a file here, and so may be too long.
  private static func limit(_ kind: String, _ value: String) -> Circumstance {
    Circumstance(
      name: "RLIMIT \(kind) \(value)", words: ["prlimit", "--\(kind)=\(value):\(value)", "--"],
      isMute: kind == "fsize", changes: ["limits."])
  }

  /// `line` runs the program as "$@".
  private static func shell(_ name: String, _ line: String, isMute: Bool = false) -> Circumstance {
    Circumstance(name: name, words: ["sh", "-c", line, "sh"], isMute: isMute)
  }

  /// In a mount namespace of its own.
  private static func mounts(_ name: String, _ line: String) -> Circumstance {
    Circumstance(
      name: name, words: ["unshare", "--mount", "--propagation", "private", "sh", "-c", line + "; exec \"$@\"", "sh"])
  }

  private static func profile(_ name: String, _ calls: [String], _ errno: String) -> Circumstance {
    Circumstance(
      name: "\(name): \(errno)", words: [], injector: ["forbid", calls.joined(separator: ","), errno],
      // without those no node says what it has
      changes: [])
  }

  private static let numa = ["mbind", "move_pages", "set_mempolicy", "get_mempolicy", "migrate_pages"]
  private static let rings = ["io_uring_setup", "io_uring_enter", "io_uring_register"]

  static let all: [Circumstance] =
    [3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20].map { limit("nofile", "\($0)") }
    + ["0", "4096", "1048576"].map { limit("fsize", $0) }
    + ["0", "65536"].map { limit("memlock", $0) }
    + [20, 60, 100, 150, 200, 300].map { limit("as", "\($0 << 20)") }
    + ["8000000", "20000000", "60000000"].map { limit("data", $0) }
    + [limit("stack", "65536"), limit("stack", "262144"), limit("core", "0"), limit("nproc", "1")]
    + [
      limit("sigpending", "0"), limit("rtprio", "0"), limit("nice", "0"), limit("locks", "0"),
      shell("umask 777", "umask 777; exec \"$@\""),
      shell("no directory", "mkdir gone; cd gone; rmdir ../gone; exec \"$@\""),
      Circumstance(name: "no environment", words: ["env", "--ignore-environment"]),
      shell("no standard input", "exec \"$@\" <&-"),
      shell("a directory as standard input", "exec \"$@\" </"),
      shell("no standard output", "exec \"$@\" >&-", isMute: true),
      shell("no standard error", "exec \"$@\" 2>&-", isMute: true),
      shell("no streams", "exec \"$@\" <&- >&- 2>&-", isMute: true),
      shell("a full device", "exec \"$@\" >/dev/full", isMute: true),
      shell("two full devices", "exec \"$@\" >/dev/full 2>/dev/full", isMute: true),
      Circumstance(
        name: "a pipe that nobody reads",
        words: ["bash", "-c", "exec > >(exit 0); wait $!; exec \"$@\"", "bash"], isMute: true),
      shell("output that cannot be written", "exec \"$@\" >/dev/stdin </etc/passwd", isMute: true),
      mounts("no /proc", "umount -l /proc"),
      mounts("/proc with subset=pid", "mount -t proc -o subset=pid proc /proc"),
      mounts("/proc with hidepid", "mount -t proc -o hidepid=2 proc /proc"),
      mounts("an empty /proc", "mount -t tmpfs none /proc"),
      mounts("no /sys", "umount -l /sys"),
      mounts("an empty /sys", "mount -t tmpfs none /sys"),
      mounts("/sys for reading", "mount -o remount,bind,ro /sys"),
      mounts("no control groups", "mount -t tmpfs none /sys/fs/cgroup"),
      mounts("no /dev", "mount -t tmpfs none /dev"),
      mounts("/run for reading", "mount -t tmpfs -o ro none /run"),
      mounts("no /proc and no /sys", "umount -l /sys; umount -l /proc"),
    ]
    + ["EPERM", "ENOSYS"].flatMap { errno in
      [
        profile("a container", numa + rings + ["userfaultfd"], errno),
        profile("an old kernel", ["cachestat", "clone3", "statx", "openat2", "faccessat2", "rseq", "mlock2"], errno),
        profile("no scheduling", ["sched_getaffinity", "sched_setaffinity", "setpriority", "getpriority"], errno),
        profile("no facts", ["uname", "sysinfo", "getrusage", "prlimit64", "capget", "statfs", "fstatfs"], errno),
        profile(
          "no signals", ["rt_sigaction", "rt_sigprocmask", "rt_sigtimedwait", "sigaltstack", "signalfd4"], errno),
        profile("no looking", ["mincore", "cachestat", "lseek", "ioctl", "userfaultfd"], errno),
        profile("no advice", ["madvise", "fadvise64", "fallocate", "mlock2", "mlock"], errno),
      ]
    }
}
