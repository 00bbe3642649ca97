internal import CLinux

/// A place where hugetlbfs is mounted (/proc/PID/mountinfo).
public struct HugePageMount: Equatable, Sendable {
  /// The file system's number, as fstat(2) has it.
  public let device: UInt64
  /// Bytes of its pages.
  public let pageSize: Int
  public let path: String

  /// Those that this process sees.
  public static func all(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> [HugePageMount] {
    try FileSystemMount.all(files).compactMap(HugePageMount.init)
  }

  /// Those that any process sees, as far as /proc tells: containers have their own.
  public static func everywhere(_ files: SystemFiles = SystemFiles()) -> [HugePageMount] {
    var spaces = Set<UInt64>()
    var found = (try? all(files)) ?? []
    for process in files.entries(of: "/proc") where Int(process) != nil {
      guard let space = files.inode("/proc/\(process)/ns/mnt"), spaces.insert(space).inserted else { continue }
      found += ((try? FileSystemMount.all(files, of: process)) ?? []).compactMap(HugePageMount.init)
    }
    return found
  }

  /// The kernel's own, which memfds and anonymous huge pages are files of; nil where it has none.
  public static func hidden(pageSize: Int) -> HugePageMount? {
    do throws(Errno) {
      let device = try FileDescriptor.memory("look", hugePageSize: pageSize).status().device
      return HugePageMount(device: device, pageSize: pageSize, path: "")
    } catch {
      return nil
    }
  }

  /// nil for another file system.
  private init?(_ mount: FileSystemMount) {
    guard mount.kind == "hugetlbfs", let size = mount.value(of: "pagesize").flatMap(Self.bytes) else { return nil }
    self.init(device: mount.device, pageSize: size, path: mount.path)
  }

  private init(device: UInt64, pageSize: Int, path: String) {
    self.device = device
    self.pageSize = pageSize
    self.path = path
  }

  /// Of `2M`; the kernel writes K or M, `1024M` too.
  private static func bytes(_ word: String) -> Int? {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20]
    guard let unit = word.last.flatMap({ units[$0] }) else { return nil }
    return Int(amount: word.dropLast()).map { $0 *| unit }
  }
}

extension HugePageMount {
  /// A file with pages.
  public struct File: Equatable, Sendable {
    public let id: FileID
    public let path: String
    public let allocatedBytes: Int
  }

  /// Calls `body` for each of its files that has pages, whatever directory it is in, until `isStopped`.
  public func forEachFile(isStopped: () -> Bool, _ body: (File) -> Void) {
    var folders = [path]
    while let folder = folders.popLast(), !isStopped() {
      guard let directory = try? FileDescriptor.open(folder, .directory) else { continue }
      try? unsafe forEachName(in: directory) { name in
        var facts = clinux_file_facts()
        let isTold = unsafe clinux_file_facts_at(directory.number, name, false, &facts) == 0
        if isTold && facts.device == device {
          let path = unsafe (folder == "/" ? "" : folder) + "/" + String(cString: name)
          if facts.directory { folders.append(path) }
          let bytes = Int(clamping: facts.allocated)
          let id = FileID(device: facts.device, inode: facts.inode)
          if facts.regular && bytes > 0 { body(File(id: id, path: path, allocatedBytes: bytes)) }
        }
        return !isStopped()
      }
    }
  }
}
