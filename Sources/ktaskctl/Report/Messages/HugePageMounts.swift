import LinuxSystem
import MemoryWork

/// File systems of huge pages: where there should be one, and how it is mounted.
extension MemoryFile {
  /// A directory above it that is called as those are on which a hugetlbfs is mounted, and has none.
  var emptyMountPoint: String? {
    if fileSystem.kind == .hugetlbfs || path == Self.memfd { return nil }
    return canonicalDirectory(of: path).flatMap(HugePageMounts.directory)
  }
}

enum HugePageMounts {
  /// The first directory of a path that begins with "hugepages": `/dev/hugepages`, `/dev/hugepages-1G`.
  static func directory(in path: String) -> String? {
    var directory = ""
    for name in components(of: path) {
      directory += "/" + name
      if name.hasPrefix("hugepages") { return directory }
    }
    return nil
  }

  /// What mounts one with pages of `pageSize` bytes there; where nothing is said of that, where it is usually found.
  static func command(pageSize: Int, on directory: String? = nil) -> String {
    let place = quotedForShell(directory ?? usualPlace(pageSize))
    return "mkdir -p \(place) && mount -t hugetlbfs -o pagesize=\(PageSizeWord.text(pageSize)) none \(place)"
  }

  /// Unless another one is there.
  private static func usualPlace(_ pageSize: Int) -> String {
    let place = "/dev/hugepages"
    let isTaken = (try? FileSystemMount.all())?.contains { $0.path == place && $0.kind == "hugetlbfs" } ?? false
    return isTaken ? "\(place)-\(PageSizeWord.text(pageSize))" : place
  }

  /// One that has pages of that size already.
  static func mounted(pageSize: Int) -> String? {
    // the kernel writes 1G as 1024M
    func hasThem(_ mount: FileSystemMount) -> Bool {
      mount.kind == "hugetlbfs" && mount.value(of: "pagesize").flatMap(ByteSize.init(argument:))?.bytes == pageSize
    }
    return (try? FileSystemMount.all())?.first(where: hasThem)?.path
  }

  /// Bytes of the huge pages that a hugetlbfs has where nothing is said of them; 2 MiB where the kernel does not tell.
  static var usualSize: Int { ((try? MemoryInfo.usualHugePageSize()) ?? nil) ?? 2 << 20 }

  /// Gives the one that holds `path` room for `more` bytes. The kernel takes a remount with another size, and ignores it.
  static func enlarging(_ path: String?, by more: Int) -> String {
    guard let mount = path.flatMap(FileSystemMount.holding), mount.kind == "hugetlbfs",
      let size = mount.value(of: "size").flatMap({ Int($0) })
    else { return "umount it, and mount it with a larger size=" }
    let options = mount.options.filter { $0 != "rw" && !$0.hasPrefix("size=") } + ["size=\(size +| more)"]
    let place = quotedForShell(mount.path)
    return "umount \(place) && mount -t hugetlbfs -o \(quotedForShell(options.joined(separator: ","))) none \(place)"
  }
}

extension Plan {
  /// What must be told to whoever wants to hear of nothing else: pages of another kind than anybody would expect there.
  var urgentWarnings: [String] {
    if case .release = request { return [] }
    let files = Dictionary(grouping: job.files.filter { $0.fileSystem.kind != .hugetlbfs }, by: \.emptyMountPoint)
    return files.compactMap { point, files in point.map { ($0, files) } }.sorted { $0.0 < $1.0 }.map { point, files in
      let command = HugePageMounts.command(pageSize: HugePageMounts.usualSize, on: point)
      return "\(Self.subject(files.map(\.path))): no hugetlbfs is mounted on \(point.shown): what is there comes in "
        + "\(PageSizeWord.text(files[0].pageSize)) pages of \(files[0].fileSystem.kind.rawValue); "
        + "try: \(Surroundings.current().asRoot(command))"
    }
  }
}

extension MemoryError {
  /// What has pages of the size that was asked for, and that its file system has not.
  func pageSizeRemedy(_ here: Surroundings) -> String {
    guard let pageSize, pageSize > MemoryInfo.basePageSize else {
      return "a FILE on another file system, or leave out --page-size"
    }
    let point = path.flatMap(canonicalDirectory).flatMap(HugePageMounts.directory)
    let isFree = point.flatMap { FileSystemMount.holding($0 + "/") }?.kind != "hugetlbfs"
    if let point, isFree { return here.asRoot(HugePageMounts.command(pageSize: pageSize, on: point)) }
    let there = HugePageMounts.mounted(pageSize: pageSize).map { "a FILE in \($0.shown), or " } ?? ""
    return there + here.asRoot(HugePageMounts.command(pageSize: pageSize)) + ", and a FILE there"
  }
}
