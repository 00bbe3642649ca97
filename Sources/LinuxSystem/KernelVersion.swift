internal import Glibc

/// The running kernel.
public struct KernelVersion: Sendable, Equatable {
  /// Such as `6.12.3-generic`.
  public let release: String
  /// Such as `#1 SMP PREEMPT_DYNAMIC Mon Jan 1 00:00:00 UTC 2024`.
  public let version: String
  /// How far the kernel's own code can be interrupted: `none`, or the word in `version`; behind it in
  /// parentheses the mode chosen at run time, if that can be read: `PREEMPT_DYNAMIC (full)`.
  public let preemption: String

  /// `dynamicPreemption` is what /sys/kernel/debug/sched/preempt says: `none voluntary (full)`.
  public init(release: String, version: String, dynamicPreemption: String? = nil) {
    self.release = release
    self.version = version
    let word = version.split(separator: " ").first { $0.hasPrefix("PREEMPT") }
    let mode = dynamicPreemption?.between("(", ")")
    preemption = String(word ?? "none") + (mode.map { " (\($0))" } ?? "")
  }

  /// Whether it is of that version or a later one, by the two numbers that its release begins with.
  public func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
    let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return numbers.count == 2 && (numbers[0], numbers[1]) >= (major, minor)
  }

  /// The running kernel (uname(2)).
  public static func current(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> KernelVersion {
    var name = utsname()
    if unsafe uname(&name) != 0 { throw Unreadable("uname(2)", Errno.current) }
    if text(name.release).isEmpty { throw Unreadable("uname(2)", .isUnclear) }
    // only root may look there, where it is mounted at all: the word is then without its mode
    let mode = try? files.read("/sys/kernel/debug/sched/preempt")
    return KernelVersion(release: text(name.release), version: text(name.version), dynamicPreemption: mode ?? nil)
  }

  /// The machine's name in its network (uname(2)); nil: it has none, or it is not told.
  public static func hostName() -> String? {
    var name = utsname()
    if unsafe uname(&name) != 0 || text(name.nodename).isEmpty { return nil }
    return text(name.nodename)
  }

  /// What the first processor calls itself (/proc/cpuinfo); nil: it is not told, as on many that are not x86.
  public static func processor(_ files: SystemFiles = SystemFiles()) -> String? {
    let line = files.text("/proc/cpuinfo")?.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":", maxSplits: 1).last?.split(separator: " ").joined(separator: " ")
    return name?.isEmpty == false ? name : nil
  }

  /// A field of `utsname`, an array of characters that ends with a 0.
  private static func text<Field>(_ field: Field) -> String {
    unsafe withUnsafeBytes(of: field) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
