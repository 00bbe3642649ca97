/// What no kernel does, and no seccomp(2) profile that anybody could live with: these failures are not injected, and nothing else is
/// left out. `make faults` says how many calls that leaves alone.
enum Nonsense {
  /// A call, what it would say, and why that is nonsense. `results` nil: whatever it says.
  private struct Entry {
    var calls: Set<String>
    var results: Set<String>?
    /// Once is well; for ever it is nonsense.
    var isEndless = false
    var reason: String
  }

  private static let entries = [
    Entry(
      calls: ["getegid", "geteuid", "getgid", "getpid", "getppid", "gettid", "getuid", "umask"],
      reason: "cannot fail, and nobody looks"),
    Entry(
      calls: [
        "arch_prctl", "brk", "get_robust_list", "restart_syscall", "rseq", "rt_sigreturn", "set_robust_list",
        "set_tid_address",
      ],
      reason: "the C library's own, before main and for each thread, which it takes for granted"),
    Entry(calls: ["exit", "exit_group"], reason: "an end that fails is none"),
    Entry(
      calls: ["futex"], results: ["EPERM", "ENOSYS"],
      reason:
        "every lock of the C library is built upon it: no profile forbids it. And only waits fail, see `is_wake` in"
        + " Tests/Injector/main.c: a wake that is refused leaves sleepers asleep for good"),
    Entry(
      calls: ["sched_getaffinity"], results: ["EINVAL"],
      reason: "libnuma takes its mask for too small, and asks again with more room until it has taken all memory"),
    Entry(
      calls: ["getdents64"], results: ["ENOENT"],
      reason: "that is a directory which has been removed, and in which nothing can be made any more"),
    Entry(
      calls: ["futex"], isEndless: true, reason: "a wait that always comes back at once is a loop, as it is to be"),
    Entry(
      calls: ["write", "writev"], results: ["EAGAIN"], isEndless: true,
      reason: "a stream that takes nothing for now is waited for, and there is no end to that"),
    Entry(
      calls: ["read"], results: ["EAGAIN"], isEndless: true,
      reason: "poll says that there is something to read, and there never is"),
  ]

  /// Of any call.
  private static let interrupted = Entry(
    calls: [], results: ["EINTR"], isEndless: true, reason: "what is interrupted is tried again, for as long as it is")

  static func isSaid(_ result: String, by call: String) -> Bool {
    entries.contains { !$0.isEndless && $0.calls.contains(call) && $0.results?.contains(result) ?? true }
  }

  /// Whether from some time on it always says that.
  static func isEndless(_ call: String, _ result: String) -> Bool {
    interrupted.results?.contains(result) == true
      || entries.contains { $0.isEndless && $0.calls.contains(call) && $0.results?.contains(result) ?? true }
  }

  /// How many of these calls are left alone altogether.
  static func leftAlone(_ calls: some Sequence<String>) -> Int { calls.count { Injection.results($0).isEmpty } }
}
