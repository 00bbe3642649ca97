import LinuxSystem
import MemoryWork

extension Plan {
  /// What must be told to whoever wants to hear of nothing else: pages of another kind than anybody would expect there.
  var urgentWarnings: [String] {
    if intent.aim == .freeMemory { return [] }
    let files = Dictionary(grouping: job.files.filter { $0.fileSystem.kind != .hugetlbfs }, by: \.emptyMountPoint)
    return files.compactMap { point, files in point.map { ($0, files) } }.sorted { $0.0 < $1.0 }.map { point, files in
      let command = HugePageMounts.command(pageSize: HugePageMounts.usualSize(), on: point)
      return "\(Self.subject(files.map(\.path))): no hugetlbfs is mounted on \(point.shown): what is there comes in "
        + "\(PageSizeWord.text(files[0].pageSize)) pages of \(files[0].fileSystem.kind.rawValue); "
        + "try: \(Surroundings.current().asRoot(command))"
    }
  }
}

extension MemoryFile {
  /// A directory above it that is called as those are on which a hugetlbfs is mounted, and has none.
  fileprivate var emptyMountPoint: String? {
    if fileSystem.kind == .hugetlbfs || path == Self.memfd { return nil }
    return canonicalDirectory(of: path).flatMap(HugePageMounts.directory)
  }
}
