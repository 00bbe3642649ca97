import LinuxSystem
import MemoryWork

extension HugePageMounts {
  /// What mounts one with pages of `pageSize` bytes there; nil: of the kernel's default size.
  static func command(pageSize: Int?, on directory: String) -> String {
    let place = quotedForShell(directory)
    let option = pageSize.map { "-o pagesize=\(PageSizeWord.text($0)) " } ?? ""
    return "mkdir -p \(place) && mount -t hugetlbfs \(option)none \(place)"
  }

  /// Where one is usually found.
  static let usualPlace = "/dev/hugepages"

  /// That, unless another one is there.
  func usualPlace(_ pageSize: Int) -> String {
    let place = Self.usualPlace
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
  /// For a file whose directory is not there: where that is hugetlbfs's usual place, nobody has mounted it.
  func mountRemedy(_ here: Surroundings) -> String? {
    let place = HugePageMounts.usualPlace
    guard let path, path.hasPrefix(place + "/"), !path.dropFirst(place.count + 1).contains("/") else { return nil }
    let size = pageSize.flatMap { $0 > MemoryInfo.basePageSize ? $0 : nil }
    return here.asRoot(HugePageMounts.command(pageSize: size, on: place))
  }

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
