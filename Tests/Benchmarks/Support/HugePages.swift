import Glibc
import LinuxSystem
import TestSupport

/// Huge pages for a part, of 2 MiB unless it says so, reserved until its end.
enum HugePages {
  static let size = 2 << 20

  /// Sees to it that so many bytes of free huge pages are there, or fewer where there is less memory; how many.
  static func reserve(_ bytes: Int, pageSize: Int = size) throws -> Int {
    guard let pool = try HugePagePool.of(pageSize: pageSize) else { throw Skip("the kernel has no such pages") }
    let free = max(0, pool.free - pool.reserved)
    if free * pageSize >= bytes { return bytes }
    let before = pool.total
    CleanUp.add { setPool(before, pageSize) }
    setPool(before + bytes / pageSize - free, pageSize)
    let now = try HugePagePool.of(pageSize: pageSize) ?? pool
    let available = min(bytes, max(0, now.free - now.reserved) * pageSize)
    let unit = max(256 << 20, pageSize)
    if available < unit {
      throw Skip("there are no free pages of \(pageSize.asSize), and only root can reserve some; \(now.free) are free")
    }
    return available / unit * unit
  }

  /// A hugetlbfs of its own at a directory of its own.
  static func mountFileSystem() throws -> String { try mountOwn("hugetlbfs", "pagesize=2M") }

  /// Best effort, read back by the caller.
  private static func setPool(_ pages: Int, _ pageSize: Int) {
    do {
      guard let pool = try PoolSize.claim(pageSize: pageSize) else { return }
      try pool.set(pages, node: nil)
    } catch {}
  }
}

/// A file system of that kind at a directory of its own, until the part's end.
func mountOwn(_ kind: String, _ options: String) throws -> String {
  let folder = try TemporaryFolder("bench")
  // it goes with this, after what is mounted on it
  CleanUp.add { withExtendedLifetime(folder) {} }
  let directory = folder.path
  guard unsafe mount("none", directory, kind, 0, options) == 0 else {
    throw Skip("a \(kind) cannot be mounted: \(Errno(errno))")
  }
  CleanUp.add { unsafe umount2(directory, Int32(MNT_DETACH)) }
  return directory
}

/// Half of the memory that is available, at most `bytes`, in whole 256 MiB.
func fitting(_ bytes: Int) -> Int {
  let available = (try? MemoryInfo.current().availableBytes) ?? bytes
  return max(1, min(bytes, available / 2) >> 28) << 28
}
