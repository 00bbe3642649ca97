import LinuxSystem
import MemoryWork

/// File systems of huge pages as far as a message names them: where they are, where there should be one, and how it is
/// mounted.
struct HugePageMounts: Equatable, Sendable {
  /// One of them.
  struct Mount: Equatable, Sendable {
    var path: String
    /// What it was made with: `pagesize=2M`, `size=16777216`.
    var options: [String] = []

    func value(of name: String) -> String? {
      options.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
  }
  /// All; none where that is not told.
  var mounts: [Mount] = []
  /// The one that the file is on.
  var holder: Mount?
  /// A directory above the file that is called as those are on which one is mounted, and has none.
  var emptyPoint: String?
}

extension HugePageMounts {
  /// As this process sees them, around a file.
  static func around(_ path: String?) -> HugePageMounts {
    let point = path.flatMap(canonicalDirectory).flatMap(directory)
    let isEmpty = point.flatMap { FileSystemMount.holding($0 + "/") }?.kind != "hugetlbfs"
    let mounts = ((try? FileSystemMount.all()) ?? []).filter { $0.kind == "hugetlbfs" }.map(Mount.init)
    return HugePageMounts(mounts: mounts, emptyPoint: isEmpty ? point : nil)
  }

  /// The one that a file is on.
  static func holder(of path: String) -> Mount? {
    FileSystemMount.holding(path).flatMap { $0.kind == "hugetlbfs" ? Mount($0) : nil }
  }

  /// The first directory of a path that begins with "hugepages": `/dev/hugepages`, `/dev/hugepages-1G`.
  static func directory(in path: String) -> String? {
    var directory = ""
    for name in components(of: path) {
      directory += "/" + name
      if name.hasPrefix("hugepages") { return directory }
    }
    return nil
  }

  /// Bytes of the huge pages that a hugetlbfs has where nothing is said of them; 2 MiB where the kernel does not tell.
  static func usualSize() -> Int { ((try? MemoryInfo.usualHugePageSize()) ?? nil) ?? 2 << 20 }
}

extension HugePageMounts.Mount {
  fileprivate init(_ mount: FileSystemMount) { self.init(path: mount.path, options: mount.options) }
}
