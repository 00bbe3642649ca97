import Glibc
import Synchronization

/// Things that go away by themselves.
enum Scratch {
  private static let count = Atomic<Int>(0)
  private static var nextNumber: Int { count.add(1, ordering: .relaxed).newValue }

  /// Runs `body` with the path of a file that is not there yet, and removes it afterwards.
  static func file<Result>(in directory: String, _ body: (String) throws -> Result) throws -> Result {
    let path = "\(directory)/guest-test.\(nextNumber)"
    defer { unsafe unlink(path) }
    return try body(path)
  }

  /// Runs `body` with a new cgroup, given as its directory, in which `controllers` are set up by writing `settings`,
  /// and removes it afterwards. `parent` is the directory of another one.
  static func cgroup<Result>(
    in parent: String = "/sys/fs/cgroup", _ settings: [String: String], _ body: (String) throws -> Result
  ) throws -> Result {
    let path = "\(parent)/test\(nextNumber)"
    for controller in ["cpu", "cpuset", "memory", "hugetlb"] {
      // one at a time: one that is refused would take the others with it
      if !Files.write("\(parent)/cgroup.subtree_control", "+\(controller)") {
        throw TestEnd.errno("+\(controller) in \(parent)")
      }
    }
    if unsafe mkdir(path, 0o755) != 0 { throw TestEnd.errno("mkdir \(path)") }
    defer { unsafe rmdir(path) }
    for (name, value) in settings where !Files.write("\(path)/\(name)", value) {
      throw TestEnd.errno("\(value) to \(path)/\(name)")
    }
    return try body(path)
  }
}
