import Glibc
import LinuxSystem

/// Huge pages of 2 MiB for a part, reserved until its end.
enum HugePages {
  static let size = 2 << 20

  /// Sees to it that so many bytes of free huge pages are there, or fewer where there is less memory; how many.
  static func reserve(_ bytes: Int) throws -> Int {
    guard let pool = HugePagePool.of(pageSize: size) else { throw Skip("the kernel has no 2 MiB pages") }
    let free = max(0, pool.free - pool.reserved)
    if free * size >= bytes { return bytes }
    let before = pool.total
    CleanUp.add { setPool(before) }
    setPool(before + bytes / size - free)
    let now = HugePagePool.of(pageSize: size) ?? pool
    let available = min(bytes, max(0, now.free - now.reserved) * size)
    if available < 256 << 20 {
      throw Skip("there are no free 2 MiB pages, and only root can reserve some; \(now.free) are free")
    }
    return available / (256 << 20) * (256 << 20)
  }

  /// A hugetlbfs of its own at a directory of its own.
  static func mountFileSystem() throws -> String {
    var template = Array("/tmp/ktask-bench-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Errno(errno) }
    let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    CleanUp.add { unsafe rmdir(directory) }
    guard unsafe mount("none", directory, "hugetlbfs", 0, "pagesize=2M") == 0 else {
      throw Skip("a hugetlbfs cannot be mounted: \(Errno(errno))")
    }
    CleanUp.add { unsafe umount2(directory, Int32(MNT_DETACH)) }
    return directory
  }

  /// Best effort, read back by the caller.
  private static func setPool(_ pages: Int) {
    let file = unsafe open("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", O_WRONLY | O_CLOEXEC)
    if file < 0 { return }
    _ = unsafe write(file, "\(pages)", "\(pages)".utf8.count)
    close(file)
  }
}

/// Half of the memory that is available, at most `bytes`, in whole 256 MiB.
func fitting(_ bytes: Int) -> Int {
  let available = MemoryInfo.current()?.availableBytes ?? bytes
  return max(1, min(bytes, available / 2) >> 28) << 28
}
