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

  /// Bytes of the huge pages that a hugetlbfs has where nothing is said of them; 2 MiB where the kernel does not tell.
  static func usualSize() -> Int { ((try? MemoryInfo.usualHugePageSize()) ?? nil) ?? 2 << 20 }
}

extension HugePageMounts.Mount {
  fileprivate init(_ mount: FileSystemMount) { self.init(path: mount.path, options: mount.options) }
}

extension HugePageMounts {
  /// The first directory of a path that begins with "hugepages": `/dev/hugepages`, `/dev/hugepages-1G`.
  static func directory(in path: String) -> String? {
    var directory = ""
    for name in components(of: path) {
      directory += "/" + name
      if name.hasPrefix("hugepages") { return directory }
    }
    return nil
  }

  /// What mounts one with pages of `pageSize` bytes there.
  static func command(pageSize: Int, on directory: String) -> String {
    let place = quotedForShell(directory)
    return "mkdir -p \(place) && mount -t hugetlbfs -o pagesize=\(PageSizeWord.text(pageSize)) none \(place)"
  }

  /// Where one is usually found, unless another one is there.
  func usualPlace(_ pageSize: Int) -> String {
    let place = "/dev/hugepages"
    return mounts.contains { $0.path == place } ? "\(place)-\(PageSizeWord.text(pageSize))" : place
  }

  /// One that has pages of that size already.
  func mounted(pageSize: Int) -> String? {
    // the kernel writes 1G as 1024M
    mounts.first { $0.value(of: "pagesize").flatMap(ByteSize.init(argument:))?.bytes == pageSize }?.path
  }

  /// Gives the one that holds the file room for `more` bytes. The kernel takes a remount with another size, and ignores it.
  func enlarging(by more: Int) -> String {
    guard let holder, let size = holder.value(of: "size").flatMap({ Int($0) })
    else { return "umount it, and mount it with a larger size=" }
    let options = holder.options.filter { $0 != "rw" && !$0.hasPrefix("size=") } + ["size=\(size +| more)"]
    let place = quotedForShell(holder.path)
    return "umount \(place) && mount -t hugetlbfs -o \(quotedForShell(options.joined(separator: ","))) none \(place)"
  }
}

extension MemoryError {
  /// What has pages of the size that was asked for, and that its file system has not.
  func pageSizeRemedy(_ facts: FailureFacts) -> String {
    guard let pageSize, pageSize > MemoryInfo.basePageSize else {
      return "a FILE on another file system, or leave out --page-size"
    }
    let (here, mounts) = (facts.here, facts.hugePageMounts)
    if let point = mounts.emptyPoint { return here.asRoot(HugePageMounts.command(pageSize: pageSize, on: point)) }
    let there = mounts.mounted(pageSize: pageSize).map { "a FILE in \($0.shown), or " } ?? ""
    let command = HugePageMounts.command(pageSize: pageSize, on: mounts.usualPlace(pageSize))
    return there + here.asRoot(command) + ", and a FILE there"
  }
}
