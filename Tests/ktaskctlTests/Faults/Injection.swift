import TestSupport

/// One system call that is not made, and what its caller is told instead.
struct Injection: CustomStringConvertible {
  var call: String
  /// An errno's name; a number: what it returns as if it had been made.
  var result: String
  /// "3": the third; "3+": that and all later ones.
  var when: String

  /// No call fails; `result` comes before the call that `when` counts.
  static func signal(_ name: String, _ when: Int) -> Injection {
    Injection(call: "signal", result: name, when: "\(when)")
  }
  var isSignal: Bool { call == "signal" }
  /// Its words may reach nobody.
  var isMute: Bool { ["write", "writev"].contains(call) }

  /// For ktask-inject.
  var words: [String] { isSignal ? ["signal", result, when] : ["fail", call, result, when] }
  var description: String { words.joined(separator: " ") }

  /// Every injection into a program that makes these calls: each of a call's errors the first, some middle and the last
  /// time, and from then on.
  static func all(_ counts: [String: Int], _ random: inout SplitMix64) -> [Injection] {
    let calls = counts.values.reduce(0, +)
    var all = (0..<40).map { _ in signal("TERM", random.number(1...calls)) }
    for (call, count) in counts.sorted(by: { $0.key < $1.key }) {
      let times = times(count, &random)
      for result in results(call) {
        all += times.map { Injection(call: call, result: result, when: "\($0)") }
        if Nonsense.isEndless(call, result) { continue }
        all += [1, times[times.count / 2]].map { Injection(call: call, result: result, when: "\($0)+") }
      }
    }
    return all
  }

  /// `most` of them, of each call as many as of any other.
  static func some(_ most: Int, of all: [Injection], _ random: inout SplitMix64) -> [Injection] {
    let byCall = Dictionary(grouping: all.shuffled(using: &random), by: \.call)
    var some: [Injection] = []
    var round = 0
    while some.count < min(most, all.count) {
      let calls = byCall.keys.sorted().filter { byCall[$0]!.count > round }.shuffled(using: &random)
      some += calls.map { byCall[$0]![round] }
      round += 1
    }
    return Array(some.prefix(most))
  }

  private static func times(_ count: Int, _ random: inout SplitMix64) -> [Int] {
    if count <= 12 { return Array(1...count) }
    let middle = (0..<8).map { _ in random.number(2...count - 1) }
    return Set([1, count] + middle).sorted()
  }

  /// What any call says that a container's profile of seccomp(2) forbids.
  private static let forbidden = ["EPERM", "ENOSYS"]

  /// What a call can be made to say; nothing where that is nonsense.
  static func results(_ call: String) -> [String] {
    (forbidden + (own[call] ?? ["EINVAL", "ENOMEM", "EIO"])).filter { !Nonsense.isSaid($0, by: call) }
  }

  static var allResults: Set<String> { Set(forbidden + own.keys.flatMap(results)) }

  /// What a call may say of itself (its manual page); 0 where it may be believed to have been done.
  private static let own = [
    "access": ["EACCES", "ENOENT", "EIO"],
    "cachestat": ["EOPNOTSUPP", "EFAULT"],
    "clock_nanosleep": ["EINTR"],
    "clone": ["EAGAIN", "ENOMEM"],
    "clone3": ["EAGAIN", "ENOMEM"],
    "close": ["EIO", "EINTR"],
    "fadvise64": ["EINVAL", "EIO"],
    "fallocate": ["ENOSPC", "EOPNOTSUPP", "EINTR", "EIO", "EFBIG", "0"],
    "fcntl": ["EACCES", "EAGAIN", "EINVAL", "EMFILE", "ENOLCK", "EINTR"],
    "flock": ["EINTR", "ENOLCK", "EAGAIN", "EOPNOTSUPP"],
    "fstat": ["EIO", "ENOMEM", "EOVERFLOW"],
    "fstatfs": ["EIO", "ENOMEM"],
    "fsync": ["EIO", "ENOSPC"],
    "ftruncate": ["EFBIG", "EINTR", "EIO", "ENOSPC", "EINVAL", "0"],
    "futex": ["EINTR", "EAGAIN"],
    "getdents64": ["EIO", "ENOENT", "0"],
    "getrandom": ["EAGAIN", "EINTR"],
    "get_mempolicy": ["EINVAL", "EFAULT"],
    "io_uring_register": ["ENOMEM", "EINVAL", "EFAULT", "EBUSY", "EINTR", "0"],
    "io_uring_setup": ["ENOMEM", "EMFILE", "EINVAL"],
    "ioctl": ["ENOTTY", "EINVAL", "EFAULT", "ENOMEM", "EAGAIN"],
    "lseek": ["EINVAL", "ENXIO", "EIO"],
    "madvise": ["ENOMEM", "EINVAL", "EFAULT", "EAGAIN", "EIO", "EHWPOISON", "0"],
    "mbind": ["EINVAL", "ENOMEM", "EIO"],
    "memfd_create": ["EMFILE", "ENOMEM", "EINVAL"],
    "mincore": ["ENOMEM", "EAGAIN"],
    "mlock": ["ENOMEM", "EAGAIN", "0"],
    "mlock2": ["ENOMEM", "EAGAIN", "EINVAL", "0"],
    "mmap": ["ENOMEM", "EACCES", "EAGAIN", "ENODEV"],
    "mprotect": ["ENOMEM", "EACCES"],
    "munmap": ["ENOMEM", "EINVAL"],
    "nanosleep": ["EINTR"],
    "newfstatat": ["EACCES", "EIO", "ENOENT", "ENOMEM", "EOVERFLOW"],
    "openat": ["EACCES", "EIO", "EMFILE", "ENFILE", "ENOENT", "ENOMEM", "EINTR"],
    "poll": ["EINTR", "EINVAL", "ENOMEM"],
    "ppoll": ["EINTR", "EINVAL", "ENOMEM"],
    "pread64": ["EIO", "EINTR", "EAGAIN", "0"],
    "read": ["EIO", "EINTR", "EAGAIN", "EACCES", "0"],
    "readlink": ["EACCES", "EIO", "ENOENT"],
    "rename": ["EACCES", "EIO", "ENOSPC", "EROFS"],
    "rt_sigprocmask": ["EINVAL"],
    "rt_sigaction": ["EINVAL"],
    "rt_sigtimedwait": ["EAGAIN", "EINTR"],
    "sched_getaffinity": ["EINVAL", "ESRCH"],
    "sched_yield": [],
    "setpriority": ["EACCES", "ESRCH"],
    "statx": ["EACCES", "EIO", "ENOENT"],
    "unlink": ["EACCES", "EBUSY", "EIO", "EROFS"],
    "unlinkat": ["EACCES", "EBUSY", "EIO", "EROFS"],
    "userfaultfd": ["EMFILE", "ENOMEM", "EINVAL"],
    "write": ["EIO", "ENOSPC", "EINTR", "EAGAIN", "EPIPE", "EFBIG"],
  ]
}

extension Injection {
  /// As `description` has it; nil: none of its kind.
  init?(_ text: Substring) {
    let words = text.split(separator: " ").map(String.init)
    switch (words.first, words.count) {
    case ("signal", 3): self.init(call: "signal", result: words[1], when: words[2])
    case ("fail", 4): self.init(call: words[1], result: words[2], when: words[3])
    default: return nil
    }
  }
}
