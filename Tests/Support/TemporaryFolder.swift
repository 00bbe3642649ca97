internal import FoundationEssentials
internal import Glibc
public import LinuxSystem

/// A folder of a test's own, gone with everything in it when nobody has it any more. What is mounted in it is its user's to
/// take away before.
public final class TemporaryFolder: Sendable {
  public let path: String

  /// Makes it in `parent`; `name` is the beginning of its own (mkdtemp(3), mode 0700).
  public init(_ name: String = "test", in parent: String = "/tmp") throws(Errno) {
    var template = Array("\(parent)/ktask-\(name)-XXXXXX".utf8CString)
    guard let made = unsafe mkdtemp(&template) else { throw Errno(errno) }
    path = unsafe String(cString: made)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of something in it.
  public func file(_ name: String) -> String { "\(path)/\(name)" }
}
