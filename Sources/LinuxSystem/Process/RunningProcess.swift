internal import CLinux
internal import Glibc

/// A process by a descriptor of its own: its number may come to mean another one, the descriptor does not (pidfd_open(2)).
public struct RunningProcess: ~Copyable, Sendable {
  /// Its number, as /proc has it.
  public let number: Int
  private let descriptor: FileDescriptor

  /// ESRCH: there is none of that number; EINVAL, in later kernels ENOENT: it is that of a thread.
  public init(_ number: Int) throws(Errno) {
    guard let short = pid_t(exactly: number) else { throw .noProcess }
    var raw: Int32 = -1
    try Errno.check(unsafe clinux_process_open(short, &raw))
    descriptor = FileDescriptor(owning: raw)
    self.number = number
  }

  /// Whether it has ended, be it waited for or not (poll(2)). While it is false, the number means this process.
  public var hasEnded: Bool { clinux_process_has_ended(descriptor.number) }

  /// The place of its own in /proc.
  public var folder: String { "/proc/\(number)" }

  /// What is known of it to everybody; nil where that is not told (/proc/PID/stat).
  public var kind: Kind? { SystemFiles().text("\(folder)/stat").flatMap(Kind.init) }

  public enum Kind: Sendable, Equatable {
    case program
    case kernelThread
    /// Ended, and not waited for yet.
    case zombie

    /// `4711 (name) S 1 …`: the name may have spaces and parentheses.
    public init?(stat text: String) {
      guard let end = text.utf8.lastIndex(of: UInt8(ascii: ")")) else { return nil }
      let words = text[text.utf8.index(after: end)...].split(separator: " ")
      guard words.count > 6, let flags = UInt64(words[6]) else { return nil }
      if words[0] == "Z" || words[0] == "X" {
        self = .zombie
      } else {
        self = flags & 0x20_0000 != 0 ? .kernelThread : .program  // PF_KTHREAD
      }
    }
  }
}
