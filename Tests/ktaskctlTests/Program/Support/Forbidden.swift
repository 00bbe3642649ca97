import Foundation

/// System calls that a seccomp profile keeps from the program, as those of containers do: each fails with an errno.
///
/// Unlike strace(1) it knows calls that are newer than itself, and costs nothing.
enum Forbidden {
  /// By their numbers on x86-64.
  enum Call: Int {
    case userfaultfd = 323
    case cachestat = 451
    case pread = 17
  }

  static let isPossible = Host.has("perl")
  static let needs = "needs perl, and a kernel with seccomp filters for x86-64"

  static func calls(_ calls: Call..., errno: Int = 1) -> [String] {
    ["perl", "-e", script, "\(errno)", calls.map { "\($0.rawValue)" }.joined(separator: ",")]
  }

  /// A filter of seccomp(2): load the call's number; for each that is forbidden return the errno; allow the rest.
  private static let script = """
    my ($errno, $calls, @words) = @ARGV;
    my $filter = pack("SCCL", 0x20, 0, 0, 0);
    $filter .= pack("SCCL", 0x15, 0, 1, $_) . pack("SCCL", 0x06, 0, 0, 0x50000 | $errno) for split ",", $calls;
    $filter .= pack("SCCL", 0x06, 0, 0, 0x7fff0000);
    my $program = pack("Sx6P", length($filter) / 8, $filter);
    syscall(157, 38, 1, 0, 0, 0) == 0 && syscall(157, 22, 2, $program) == 0 or die "seccomp: $!";
    exec { $words[0] } @words or die "$words[0]: $!";
    """
}
